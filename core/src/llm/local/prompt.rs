use rushlight_models::{ChatTemplate, Conversation, Encoded, Error, LanguageModel};
use serde_json::{Value, json};

use crate::llm::Prompt;
use crate::message::{Message, Role, ToolCall, ToolSpec};

/// The ids of a prompt, rendered with the model's own template, or with ChatML if it has none.
///
/// Control tokens count only where the template wrote them: whatever messages and tools say stays text.
pub(super) fn encode(model: &LanguageModel, prompt: &Prompt) -> Result<Vec<u32>, Error> {
    Ok(encode_chunks(model, prompt, &[])?.tokens)
}

/// The same, and where these chunks are in it.
pub(super) fn encode_chunks(
    model: &LanguageModel,
    prompt: &Prompt,
    chunks: &[String],
) -> Result<Encoded, Error> {
    let tools = prompt.offered_tools();
    let conversation = Conversation {
        messages: prompt.messages.iter().map(message).collect(),
        tools: if tools.is_empty() { Value::Null } else { tools.iter().map(tool).collect() },
        add_generation_prompt: true,
    };
    let chunks: Vec<&str> = chunks.iter().map(String::as_str).collect();
    match model.template() {
        Some(template) => template.encode_chunks(model.tokenizer(), &conversation, &chunks),
        None => ChatTemplate::chatml().encode_chunks(model.tokenizer(), &conversation, &chunks),
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
