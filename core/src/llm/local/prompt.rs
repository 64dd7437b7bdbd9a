use rushlight_models::{ChatTemplate, Conversation, Error, LanguageModel};
use serde_json::{Value, json};

use crate::llm::Prompt;
use crate::message::{Message, Role, ToolCall, ToolSpec};

/// The ids of a prompt, rendered with the model's own template, or with ChatML if it has none.
///
/// Control tokens count only where the template wrote them: whatever messages and tools say stays text.
pub(super) fn encode(model: &LanguageModel, prompt: &Prompt) -> Result<Vec<u32>, Error> {
    let conversation = Conversation {
        messages: prompt.messages.iter().map(message).collect(),
        tools: if prompt.tools.is_empty() { Value::Null } else { prompt.tools.iter().map(tool).collect() },
        add_generation_prompt: true,
    };
    match model.template() {
        Some(template) => template.encode(model.tokenizer(), &conversation),
        None => ChatTemplate::chatml().encode(model.tokenizer(), &conversation),
    }
}

/// The ids that all prompts begin with whose messages begin with these: up to where the next message of the user would
/// say something, or all of them, if the model is to speak next.
pub(super) fn encode_beginning(model: &LanguageModel, prompt: &Prompt) -> Result<Vec<u32>, Error> {
    if prompt.messages.last().is_some_and(|last| matches!(last.role, Role::User | Role::Tool)) {
        return encode(model, prompt);
    }
    // Templates write what stands around a message: what two different ones have in common is the beginning.
    let asked = |text| {
        let mut asked = prompt.clone();
        asked.messages.push(Message::user(text));
        encode(model, &asked)
    };
    let (mut one, other) = (asked("a")?, asked("1")?);
    one.truncate(one.iter().zip(&other).take_while(|(one, other)| one == other).count());
    Ok(one)
}

fn message(message: &Message) -> Value {
    let mut value = json!({"role": message.role, "content": message.content});
    if !message.tool_calls.is_empty() {
        value["tool_calls"] = message.tool_calls.iter().map(call).collect();
    }
    if let Some(id) = &message.tool_call_id {
        value["tool_call_id"] = json!(id);
    }
    value
}

fn call(call: &ToolCall) -> Value {
    json!({"id": call.id, "type": "function", "function": {"name": call.name, "arguments": call.arguments}})
}

fn tool(spec: &ToolSpec) -> Value {
    json!({"type": "function", "function": spec})
}
