use serde::Serialize;
use serde_json::{Map, Value};

use super::Dialect;
use crate::llm::{Prompt, Sampling, ToolChoice};
use crate::message::{Message, Role, ToolCall, ToolSpec};
use crate::{Error, Result};

/// The fields of a request that a prompt makes.
pub(super) const OWN_FIELDS: [&str; 17] = [
    "model",
    "messages",
    "stream",
    "stream_options",
    "temperature",
    "top_p",
    "seed",
    "max_tokens",
    "max_completion_tokens",
    "stop",
    "tools",
    "tool_choice",
    "parallel_tool_calls",
    "response_format",
    "top_k",
    "min_p",
    "repetition_penalty",
];

/// Output tokens of a prompt that names no limit.
const MAX_OUTPUT_TOKENS: usize = 4096;

/// A request for a chat completion.
#[derive(Serialize)]
pub(super) struct RequestBody<'a> {
    model: &'a str,
    messages: Vec<Said<'a>>,
    stream: bool,
    stream_options: StreamOptions,
    #[serde(skip_serializing_if = "Option::is_none")]
    temperature: Option<f32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    top_p: Option<f32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    seed: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    max_tokens: Option<usize>,
    #[serde(skip_serializing_if = "Option::is_none")]
    max_completion_tokens: Option<usize>,
    #[serde(skip_serializing_if = "<[_]>::is_empty")]
    stop: &'a [String],
    #[serde(skip_serializing_if = "Vec::is_empty")]
    tools: Vec<OfType<Function<'a>>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    tool_choice: Option<Choice<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    parallel_tool_calls: Option<bool>,
    #[serde(skip_serializing_if = "Option::is_none")]
    response_format: Option<ResponseFormat<'a>>,
    #[serde(flatten)]
    further: Option<Further>,
    #[serde(flatten)]
    extra: &'a Map<String, Value>,
}

#[derive(Serialize)]
struct StreamOptions {
    include_usage: bool,
}

/// What only some servers know; llama.cpp has a name of its own for the penalty.
#[derive(Serialize)]
struct Further {
    top_k: usize,
    min_p: f32,
    repetition_penalty: f32,
    repeat_penalty: f32,
}

#[derive(Serialize)]
struct Said<'a> {
    role: Role,
    /// None where a message only has calls.
    content: Option<&'a str>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    tool_calls: Vec<Called<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    tool_call_id: Option<&'a str>,
}

#[derive(Serialize)]
struct Called<'a> {
    id: &'a str,
    #[serde(flatten)]
    function: OfType<CalledFunction<'a>>,
}

#[derive(Serialize)]
struct CalledFunction<'a> {
    name: &'a str,
    arguments: String,
}

#[derive(Serialize)]
struct Function<'a> {
    name: &'a str,
    description: &'a str,
    parameters: &'a Value,
}

#[derive(Serialize)]
struct FunctionName<'a> {
    name: &'a str,
}

/// The form of everything that is a function.
#[derive(Serialize)]
struct OfType<T> {
    r#type: &'static str,
    function: T,
}

#[derive(Serialize)]
#[serde(untagged)]
enum Choice<'a> {
    Word(&'static str),
    Named(OfType<FunctionName<'a>>),
}

#[derive(Serialize)]
struct ResponseFormat<'a> {
    r#type: &'static str,
    json_schema: JsonSchema<'a>,
}

#[derive(Serialize)]
struct JsonSchema<'a> {
    name: &'static str,
    schema: &'a Value,
}

impl<'a> RequestBody<'a> {
    /// The request that `prompt` is, which leaves `left` tokens for the answer.
    ///
    /// # Errors
    ///
    /// [`Error::Invalid`] for what the dialect has no word for.
    pub(super) fn new(
        model: &'a str,
        prompt: &'a Prompt,
        left: usize,
        dialect: Dialect,
        extra: &'a Map<String, Value>,
    ) -> Result<Self> {
        let Sampling { temperature, top_p, seed, .. } = prompt.sampling;
        let is_open_ai = dialect == Dialect::OpenAi;
        // 1 is what they are there, and some models of theirs take nothing else, not even that.
        let unless_one = |value: f32| (!is_open_ai || value < 1.0 || value > 1.0).then_some(value);
        let limit = Some(prompt.max_output_tokens.unwrap_or(MAX_OUTPUT_TOKENS).min(left.max(1)));
        let tools = prompt.offered_tools();
        Ok(Self {
            model,
            messages: prompt.messages.iter().map(Said::new).collect(),
            stream: true,
            stream_options: StreamOptions { include_usage: true },
            temperature: unless_one(temperature),
            top_p: unless_one(top_p),
            seed,
            max_tokens: limit.filter(|_| !is_open_ai),
            max_completion_tokens: limit.filter(|_| is_open_ai),
            stop: &prompt.stop,
            tools: tools.iter().map(Function::new).collect(),
            tool_choice: (!tools.is_empty()).then(|| Choice::new(&prompt.tool_choice)),
            parallel_tool_calls: (!tools.is_empty() && !prompt.parallel_calls).then_some(false),
            response_format: prompt.schema.as_ref().map(ResponseFormat::new),
            further: further(&prompt.sampling, dialect)?,
            extra,
        })
    }
}

/// What a dialect says of the sampling beyond what all do.
fn further(sampling: &Sampling, dialect: Dialect) -> Result<Option<Further>> {
    let Sampling { top_k, min_p, repetition_penalty, .. } = *sampling;
    if dialect == Dialect::Extended {
        let repeat_penalty = repetition_penalty;
        return Ok(Some(Further { top_k, min_p, repetition_penalty, repeat_penalty }));
    }
    let default = Sampling::default();
    let values = [
        ("top_k", top_k as f32, default.top_k as f32),
        ("min_p", min_p, default.min_p),
        ("repetition_penalty", repetition_penalty, default.repetition_penalty),
    ];
    match values.iter().find(|(_, value, default)| value.total_cmp(default).is_ne()) {
        Some((name, value, default)) => {
            let message = format!(
                "expected the default {default}, since the server's dialect has no word for it (`extended` has one), got {value}"
            );
            Err(Error::invalid(*name, message))
        }
        None => Ok(None),
    }
}

impl<'a> Said<'a> {
    fn new(message: &'a Message) -> Self {
        let is_only_calls = message.content.is_empty() && !message.tool_calls.is_empty();
        Self {
            role: message.role,
            content: (!is_only_calls).then_some(message.content.as_str()),
            tool_calls: message.tool_calls.iter().map(Called::new).collect(),
            tool_call_id: message.tool_call_id.as_deref(),
        }
    }
}

impl<'a> Called<'a> {
    fn new(call: &'a ToolCall) -> Self {
        let function = CalledFunction { name: &call.name, arguments: arguments(&call.arguments) };
        Self { id: &call.id, function: OfType { r#type: "function", function } }
    }
}

/// Arguments as text. Servers read them as JSON to show them to the model, so what is none is left out; the output of the
/// call quotes it.
fn arguments(arguments: &Value) -> String {
    match arguments {
        Value::String(text) if serde_json::from_str::<Map<String, Value>>(text).is_ok() => text.clone(),
        Value::Object(_) => arguments.to_string(),
        _ => "{}".to_owned(),
    }
}

impl<'a> Function<'a> {
    fn new(spec: &'a ToolSpec) -> OfType<Self> {
        let ToolSpec { name, description, parameters } = spec;
        OfType { r#type: "function", function: Self { name, description, parameters } }
    }
}

impl<'a> Choice<'a> {
    fn new(choice: &'a ToolChoice) -> Self {
        match choice {
            ToolChoice::Auto => Self::Word("auto"),
            ToolChoice::None => Self::Word("none"),
            ToolChoice::Required => Self::Word("required"),
            ToolChoice::Named(name) => {
                Self::Named(OfType { r#type: "function", function: FunctionName { name } })
            }
        }
    }
}

impl<'a> ResponseFormat<'a> {
    fn new(schema: &'a Value) -> Self {
        Self { r#type: "json_schema", json_schema: JsonSchema { name: "answer", schema } }
    }
}
