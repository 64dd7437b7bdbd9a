//! The words that a model, its tools and the person exchange.

use std::time::Duration;

use serde::{Deserialize, Serialize};
use serde_json::Value;

/// Who speaks in a [`Message`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Role {
    /// The application.
    System,
    /// The person.
    User,
    /// The model.
    Assistant,
    /// A tool, in answer to a call.
    Tool,
}

/// One message of a conversation.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Message {
    /// Who speaks.
    pub role: Role,
    /// What is said; may be empty when the message only carries tool calls.
    pub content: String,
    /// The calls that the model asks for, in its order.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub tool_calls: Vec<ToolCall>,
    /// Which call a [`Role::Tool`] message answers.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tool_call_id: Option<String>,
}

impl Message {
    fn new(role: Role, content: impl Into<String>) -> Self {
        Self { role, content: content.into(), tool_calls: Vec::new(), tool_call_id: None }
    }

    /// A message of the application.
    pub fn system(content: impl Into<String>) -> Self {
        Self::new(Role::System, content)
    }

    /// A message of the person.
    pub fn user(content: impl Into<String>) -> Self {
        Self::new(Role::User, content)
    }

    /// A message of the model.
    pub fn assistant(content: impl Into<String>, tool_calls: Vec<ToolCall>) -> Self {
        Self { tool_calls, ..Self::new(Role::Assistant, content) }
    }

    /// A tool's answer to one call.
    pub fn tool(output: &ToolOutput) -> Self {
        Self { tool_call_id: Some(output.call_id.clone()), ..Self::new(Role::Tool, &output.content) }
    }
}

/// What a model is told about a tool.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct ToolSpec {
    /// The name that a call uses: 1 to 64 of `[a-zA-Z0-9_-]`.
    pub name: String,
    /// What it does and when to use it, written for the model.
    pub description: String,
    /// The arguments as a JSON Schema (2020-12) of type `object`.
    pub parameters: Value,
}

impl ToolSpec {
    /// A specification from its parts; [`Toolbox`](crate::Toolbox) checks them when the tool is added.
    pub fn new(name: impl Into<String>, description: impl Into<String>, parameters: Value) -> Self {
        Self { name: name.into(), description: description.into(), parameters }
    }
}

/// A model's wish to run a tool.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct ToolCall {
    /// Unique within a run.
    pub id: String,
    /// The tool's name, as the model wrote it.
    pub name: String,
    /// The arguments, as the model wrote them: not validated yet.
    pub arguments: Value,
}

impl ToolCall {
    /// A call from its parts.
    pub fn new(id: impl Into<String>, name: impl Into<String>, arguments: Value) -> Self {
        Self { id: id.into(), name: name.into(), arguments }
    }
}

/// How a tool call ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum ToolStatus {
    /// The tool returned a value.
    Success,
    /// No tool has that name.
    UnknownTool,
    /// The arguments do not fit the schema; the tool did not run.
    InvalidArguments,
    /// The tool returned an error, panicked or raised an exception.
    Error,
    /// The tool ran into its timeout; the content says whether it may still be running.
    Timeout,
    /// A limit of the run forbade the call; the tool did not run.
    Refused,
    /// The run was not granted what the tool needs, or whoever approves refused; the tool did not run.
    Denied,
    /// The tool is called too often; it did not run, and may later.
    RateLimited,
    /// The tool failed too often and is left alone for a while; it did not run, and may later.
    Unavailable,
    /// A dry run: the tool did not run; the content says what would have.
    DryRun,
    /// Nobody has decided yet whether the tool may run. The calls of a run do not end with it: they wait in a
    /// [`PendingRun`](crate::PendingRun).
    Pending,
}

/// What a tool call gave: always something that the model can read.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct ToolOutput {
    /// The call that this answers.
    pub call_id: String,
    /// The tool's name.
    pub name: String,
    /// How it ended.
    pub status: ToolStatus,
    /// The value as text (JSON unless the tool returned a string), or an explanation of the failure.
    pub content: String,
    /// Whether the value is one that the [cache](crate::ToolPolicy::cache) of the tool had; the tool did not run.
    #[serde(default, skip_serializing_if = "is_false")]
    pub cached: bool,
    /// Tokens of the models that the tool asked, if it asked any: those of an [`AgentTool`](crate::AgentTool).
    #[serde(default, skip_serializing_if = "Usage::is_zero")]
    pub usage: Usage,
    /// How long the tool ran.
    #[serde(skip)]
    pub elapsed: Duration,
}

impl ToolOutput {
    /// The answer to `call`, not from a cache, with no tokens used and no time elapsed.
    pub fn new(call: &ToolCall, status: ToolStatus, content: impl Into<String>) -> Self {
        Self {
            call_id: call.id.clone(),
            name: call.name.clone(),
            status,
            content: content.into(),
            cached: false,
            usage: Usage::default(),
            elapsed: Duration::ZERO,
        }
    }

    /// Whether the tool returned a value.
    pub fn is_success(&self) -> bool {
        self.status == ToolStatus::Success
    }
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde passes a reference")]
fn is_false(value: &bool) -> bool {
    !value
}

/// Tokens that a generation, or a whole run, consumed and produced.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Usage {
    /// Tokens of the prompts.
    pub input_tokens: usize,
    /// Tokens generated.
    pub output_tokens: usize,
    /// Tokens of the prompts that were taken from a cache instead of being computed.
    pub cached_tokens: usize,
}

impl Usage {
    /// Usage from its parts.
    pub fn new(input_tokens: usize, output_tokens: usize, cached_tokens: usize) -> Self {
        Self { input_tokens, output_tokens, cached_tokens }
    }

    fn is_zero(&self) -> bool {
        *self == Self::default()
    }
}

impl std::ops::AddAssign for Usage {
    fn add_assign(&mut self, other: Self) {
        self.input_tokens += other.input_tokens;
        self.output_tokens += other.output_tokens;
        self.cached_tokens += other.cached_tokens;
    }
}
