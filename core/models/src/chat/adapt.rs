use std::borrow::Cow;
use std::fmt::Write;

use serde_json::{Map, Value as Json, json};

use super::syntax::CallSyntax;
use super::template::Conversation;
use crate::{Result, Tokenizer};

/// How tools reach a model.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum ToolSupport {
    /// The template has a place for them.
    Native,
    /// The template drops or refuses them: they are described in the system message.
    #[default]
    None,
}

/// What has to be rewritten before a template can render it.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Adaptation {
    pub(super) tools: ToolSupport,
    /// The template shows a system message.
    pub(super) system: bool,
    /// It does so too where the conversation does not end with the user.
    pub(super) system_after_calls: bool,
    pub(super) calls: Calls,
    /// The template refuses ids of calls that have not nine letters or digits, as those of Mistral do.
    pub(super) nine_letter_ids: bool,
    pub(super) syntax: CallSyntax,
}

/// What a template that knows tools does with the calls in an assistant's message.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) enum Calls {
    /// Shows them.
    #[default]
    Shown,
    /// Shows them if their arguments are JSON text instead of objects.
    ShownAsText,
    /// Drops or refuses them.
    Dropped,
}

impl Adaptation {
    /// Finds out what a template shows by rendering small conversations.
    pub(super) fn probe(render: impl Fn(&Conversation) -> Result<String>) -> Self {
        const MARK: &str = "rushlight_probe";
        let rendered = |messages: Json, tools: Json| {
            render(&Conversation { messages, tools, add_generation_prompt: true }).unwrap_or_default()
        };
        let shows = |messages: Json, tools: Json| rendered(messages, tools).contains(MARK);
        let user = json!({"role": "user", "content": "Hello"});
        let tools = |name: &str| {
            let parameters = json!({
                "type": "object",
                "properties": {"x": {"type": "string", "description": "a value"}},
                "required": ["x"],
            });
            let function = json!({"name": name, "description": "A probe", "parameters": parameters});
            json!([{"type": "function", "function": function}])
        };
        let call = |id: &str, arguments: Json| {
            let function = json!({"name": "probe", "arguments": arguments});
            let calls = json!([{"id": id, "type": "function", "function": function}]);
            json!({"role": "assistant", "content": "", "tool_calls": calls})
        };
        // Python writes an object with single quotes, which is no JSON.
        let is_json = |text: &str| text.contains(MARK) && !text.contains(&format!("'{MARK}'"));
        // The tool is not named like the mark here, so that only the call can show it.
        let call_in = |id: &str, arguments: &Json| {
            let messages = json!([user, call(id, arguments.clone())]);
            Some(rendered(messages, tools("probe"))).filter(|text| is_json(text))
        };
        let shown_as = |calls: Calls, arguments: &Json| {
            let example = call_in(&nine_letter_id(1), arguments)?;
            let syntax = CallSyntax::find(&example, MARK).unwrap_or_default();
            Some((calls, syntax, call_in("call_1", arguments).is_none()))
        };
        let as_text = || shown_as(Calls::ShownAsText, &json!(format!("{{\"{MARK}\": \"x\"}}")));
        let form = shown_as(Calls::Shown, &json!({MARK: "x"})).or_else(as_text);
        let (calls, syntax, nine_letter_ids) = form.unwrap_or((Calls::Dropped, CallSyntax::default(), false));
        let system = json!({"role": "system", "content": MARK});
        let nothing = if calls == Calls::ShownAsText { json!("{}") } else { json!({}) };
        // Some show the system message only where the conversation ends with the user.
        let after_call = rendered(json!([system, user, call(&nine_letter_id(1), nothing)]), tools("probe"));
        Self {
            system: shows(json!([system, user]), Json::Null),
            system_after_calls: after_call.is_empty() || after_call.contains(MARK),
            calls,
            nine_letter_ids,
            syntax,
            tools: if shows(json!([user]), tools(MARK)) { ToolSupport::Native } else { ToolSupport::None },
        }
    }

    /// The conversation in a form that the template shows completely.
    pub(super) fn apply(self, conversation: &Conversation) -> Cow<'_, Conversation> {
        let mut conversation = Cow::Borrowed(conversation);
        match (self.tools, self.calls) {
            (ToolSupport::None, _) => write_tools(&mut conversation),
            (ToolSupport::Native, Calls::Shown) => {}
            (ToolSupport::Native, Calls::ShownAsText) => write_arguments(&mut conversation),
            (ToolSupport::Native, Calls::Dropped) => write_calls(&mut conversation),
        }
        if self.nine_letter_ids {
            number_calls(&mut conversation);
        }
        let asks = || conversation.messages.as_array()?.last().map(|last| last["role"] == "user");
        if !self.system || (!self.system_after_calls && asks() == Some(false)) {
            fold_system(&mut conversation);
        }
        conversation
    }
}

/// Writes the arguments of calls as JSON text.
fn write_arguments(conversation: &mut Cow<'_, Conversation>) {
    let messages = conversation.messages.as_array();
    if !messages.is_some_and(|messages| messages.iter().any(has_calls)) {
        return;
    }
    for message in conversation.to_mut().messages.as_array_mut().into_iter().flatten() {
        for call in message.get_mut("tool_calls").and_then(Json::as_array_mut).into_iter().flatten() {
            if let Some(arguments) = call.pointer_mut("/function/arguments").filter(|value| value.is_object())
            {
                *arguments = Json::String(arguments.to_string());
            }
        }
    }
}

/// Numbers the calls: their ids have nine letters and digits then.
fn number_calls(conversation: &mut Cow<'_, Conversation>) {
    let speaks_of_calls = |message: &Json| has_calls(message) || message.get("tool_call_id").is_some();
    let messages = conversation.messages.as_array();
    if !messages.is_some_and(|messages| messages.iter().any(speaks_of_calls)) {
        return;
    }
    let mut known: Vec<Json> = Vec::new();
    let mut number = |id: &mut Json| {
        let place = known.iter().position(|known| known == id).unwrap_or_else(|| {
            known.push(id.clone());
            known.len() - 1
        });
        *id = Json::String(nine_letter_id(place + 1));
    };
    for message in conversation.to_mut().messages.as_array_mut().into_iter().flatten() {
        for call in message.get_mut("tool_calls").and_then(Json::as_array_mut).into_iter().flatten() {
            call.get_mut("id").into_iter().for_each(&mut number);
        }
        message.get_mut("tool_call_id").into_iter().for_each(&mut number);
    }
}

fn nine_letter_id(number: usize) -> String {
    format!("call{number:05}")
}

/// Writes calls as text in the messages that make them.
fn write_calls(conversation: &mut Cow<'_, Conversation>) {
    let Some(messages) = conversation.messages.as_array() else { return };
    if messages.iter().any(has_calls) {
        let written = messages
            .iter()
            .map(|message| if has_calls(message) { with_calls_as_text(message) } else { message.clone() });
        let written = written.collect();
        conversation.to_mut().messages = written;
    }
}

/// Describes the tools in the system message, and writes calls and outputs as text.
fn write_tools(conversation: &mut Cow<'_, Conversation>) {
    let Some(messages) = conversation.messages.as_array() else { return };
    let speaks_of_tools = messages.iter().any(|message| message["role"] == "tool" || has_calls(message));
    let tools = conversation.tools.as_array().filter(|tools| !tools.is_empty());
    if !speaks_of_tools && tools.is_none() {
        return;
    }
    let mut written: Vec<Json> = Vec::with_capacity(messages.len() + 1);
    if let Some(tools) = tools {
        let system = messages.first().filter(|message| message["role"] == "system");
        let before = system.and_then(|message| message["content"].as_str()).unwrap_or_default();
        let gap = if before.is_empty() { "" } else { "\n\n" };
        let content = format!("{before}{gap}{}", instructions(tools));
        written.push(json!({"role": "system", "content": content}));
    }
    let skip = usize::from(!written.is_empty() && messages[0]["role"] == "system");
    for message in &messages[skip..] {
        if message["role"] == "tool" {
            let output = format!("<tool_response>\n{}\n</tool_response>", text_of(&message["content"]));
            push_said(&mut written, &output);
        } else if message["role"] == "user" {
            push_said(&mut written, &text_of(&message["content"]));
        } else if has_calls(message) {
            written.push(with_calls_as_text(message));
        } else {
            written.push(message.clone());
        }
    }
    let conversation = conversation.to_mut();
    conversation.messages = Json::Array(written);
    conversation.tools = Json::Null;
}

fn has_calls(message: &Json) -> bool {
    message["tool_calls"].as_array().is_some_and(|calls| !calls.is_empty())
}

/// Appends what comes from outside the model. After an output of a tool it goes on in the same message, since
/// many templates want the roles to alternate.
fn push_said(written: &mut Vec<Json>, said: &str) {
    let previous = written.last_mut().filter(|previous| previous["role"] == "user");
    match previous.and_then(|previous| previous.get_mut("content")) {
        Some(Json::String(content)) if content.starts_with("<tool_response>") => {
            content.push('\n');
            content.push_str(said);
        }
        _ => written.push(json!({"role": "user", "content": said})),
    }
}

fn with_calls_as_text(message: &Json) -> Json {
    let mut content = text_of(&message["content"]);
    for call in message["tool_calls"].as_array().into_iter().flatten() {
        let function = call.get("function").unwrap_or(call);
        let mut written = Map::new();
        written.insert("name".to_owned(), function["name"].clone());
        written.insert("arguments".to_owned(), function["arguments"].clone());
        let gap = if content.is_empty() { "" } else { "\n" };
        let _ = write!(content, "{gap}<tool_call>\n{}\n</tool_call>", Json::Object(written));
    }
    json!({"role": "assistant", "content": content})
}

/// A content that is a list of parts is the text of its parts.
fn text_of(content: &Json) -> String {
    match content {
        Json::String(text) => text.clone(),
        Json::Array(parts) => parts.iter().filter_map(|part| part["text"].as_str()).collect(),
        Json::Null => String::new(),
        other => other.to_string(),
    }
}

/// Tells a model that knows no tools how to ask for one; the form is that of the Hermes models, which many
/// models have seen in training.
fn instructions(tools: &[Json]) -> String {
    let mut text = String::from(
        "You can use the tools listed between <tools> and </tools>, one JSON object a line.\n<tools>\n",
    );
    for tool in tools {
        text.push_str(&tool.get("function").unwrap_or(tool).to_string());
        text.push('\n');
    }
    text.push_str(
        "</tools>\n\
         To use a tool, answer with nothing but its name and its arguments as JSON, like this:\n\
         <tool_call>\n{\"name\": \"the tool's name\", \"arguments\": {\"argument\": \"value\"}}\n</tool_call>\n\
         The output then comes between <tool_response> and </tool_response>. \
         If no tool is needed, answer directly.",
    );
    text
}

/// Puts the system message in front of the first message of the user.
fn fold_system(conversation: &mut Cow<'_, Conversation>) {
    let Some(messages) = conversation.messages.as_array() else { return };
    if messages.first().is_none_or(|message| message["role"] != "system") {
        return;
    }
    let system = text_of(&messages[0]["content"]);
    let mut rest = messages[1..].to_vec();
    match rest.first_mut().filter(|message| message["role"] == "user") {
        _ if system.is_empty() => {}
        Some(user) => user["content"] = json!(format!("{system}\n{}", text_of(&user["content"]))),
        None => rest.insert(0, json!({"role": "user", "content": system})),
    }
    conversation.to_mut().messages = Json::Array(rest);
}

/// The value with control tokens broken apart in all its texts.
pub(super) fn guard(value: &Json, tokenizer: &Tokenizer) -> Json {
    match value {
        Json::String(text) => Json::String(tokenizer.guard(text).into_owned()),
        Json::Array(items) => items.iter().map(|item| guard(item, tokenizer)).collect(),
        Json::Object(fields) => Json::Object(
            fields
                .iter()
                .map(|(key, value)| (tokenizer.guard(key).into_owned(), guard(value, tokenizer)))
                .collect(),
        ),
        other => other.clone(),
    }
}
