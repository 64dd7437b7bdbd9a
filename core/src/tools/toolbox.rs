use std::collections::HashMap;
use std::sync::Arc;
use std::time::{Duration, Instant};

use async_trait::async_trait;
use futures::FutureExt;
use serde_json::{Map, Value};
use tokio::task::JoinError;

use super::schema::ArgumentSchema;
use super::task::{CallFuture, CallScope, CallTask, Stopped};
use super::{MAX_BLOCKING_CALLS, Tool, ToolRegistry};
use crate::error::panic_text;
use crate::message::{ToolCall, ToolOutput, ToolSpec, ToolStatus};
use crate::schema::excerpt;
use crate::{Error, Result};

const MAX_TOOLS: usize = 256;

/// The tools of this process, with what keeps them in check.
///
/// Arguments are validated before a tool runs. A panic, an error and a timeout become outputs that the
/// model reads. Copies of the handle share the tools.
///
/// Each call runs on a task of its own. On tokio's multi-thread runtime, a tool that blocks its thread therefore
/// holds up neither its timeout nor whoever waits for it; a runtime of one thread stands still with it.
#[derive(Debug, Clone)]
#[must_use]
pub struct Toolbox {
    tools: Vec<Arc<Member>>,
    places: HashMap<String, usize>,
    timeout: Duration,
    max_output_bytes: usize,
    call_scope: Option<CallScope>,
}

#[derive(Debug)]
struct Member {
    tool: Box<dyn Tool>,
    schema: ArgumentSchema,
}

impl Toolbox {
    /// No tools yet; a timeout of 5 seconds and outputs of at most 16 KiB.
    pub fn new() -> Self {
        Self {
            tools: Vec::new(),
            places: HashMap::new(),
            timeout: Duration::from_secs(5),
            max_output_bytes: 16 << 10,
            call_scope: None,
        }
    }

    /// The same tools and one more.
    ///
    /// Refuses a name that is taken or not made of 1 to 64 of `[a-zA-Z0-9_-]`, the 257th tool, and
    /// parameters that are no JSON Schema 2020-12 of an object, larger than 64 KiB or deeper than 32 levels.
    #[expect(clippy::should_implement_trait, reason = "a toolbox grows by a tool; it is no number")]
    pub fn add(mut self, tool: impl Tool) -> Result<Self> {
        let spec = tool.spec();
        let allowed = |character: char| character.is_ascii_alphanumeric() || matches!(character, '_' | '-');
        if !(1..=64).contains(&spec.name.len()) || !spec.name.chars().all(allowed) {
            let message = format!("expected 1 to 64 of `[a-zA-Z0-9_-]`, got `{}`", excerpt(&spec.name));
            return Err(Error::invalid("tool name", message));
        }
        if self.places.contains_key(&spec.name) {
            let message = format!("expected names to be unique, got `{}` twice", spec.name);
            return Err(Error::invalid("tool name", message));
        }
        if self.tools.len() == MAX_TOOLS {
            let message = format!("expected at most {MAX_TOOLS}, got `{}` as one more", spec.name);
            return Err(Error::invalid("number of tools", message));
        }
        let schema = ArgumentSchema::compile(spec)?;
        self.places.insert(spec.name.clone(), self.tools.len());
        self.tools.push(Arc::new(Member { tool: Box::new(tool), schema }));
        Ok(self)
    }

    /// How long each call may run, where the tool has no [`timeout`](Tool::timeout) of its own. Default 5 seconds.
    ///
    /// Then an async tool is dropped; one that blocks a thread goes on unheard, and the output says so.
    pub fn timeout(mut self, timeout: Duration) -> Self {
        self.timeout = timeout;
        self
    }

    /// How much of an output the model sees; the rest is cut off. Default 16 KiB.
    pub fn max_output_bytes(mut self, bytes: usize) -> Self {
        self.max_output_bytes = bytes;
        self
    }

    /// Wraps the work of every call before it goes to a task of its own; called in the task of whoever invokes.
    /// It carries into the tools what is local to that task, for example with
    /// [`LocalKey::scope`](tokio::task::LocalKey::scope). Default: nothing is carried but the tracing span.
    pub fn call_scope(mut self, scope: impl Fn(CallFuture) -> CallFuture + Send + Sync + 'static) -> Self {
        self.call_scope = Some(CallScope(Arc::new(scope)));
        self
    }

    /// The number of tools.
    pub fn len(&self) -> usize {
        self.tools.len()
    }

    /// Whether there is no tool.
    pub fn is_empty(&self) -> bool {
        self.tools.is_empty()
    }

    async fn outcome(&self, call: &ToolCall) -> (ToolStatus, String) {
        let name = &call.name;
        let Some(member) = self.places.get(name).map(|&place| &self.tools[place]) else {
            return (ToolStatus::UnknownTool, self.unknown(name));
        };
        let call = match with_object(call) {
            Ok(call) => call,
            Err(mistake) => return (ToolStatus::InvalidArguments, member.schema.explain(name, &[mistake])),
        };
        if let Err(explanation) = member.schema.check(name, &call.arguments) {
            return (ToolStatus::InvalidArguments, explanation);
        }
        let (member, name) = (Arc::clone(member), name.clone());
        let timeout = member.tool.timeout().unwrap_or(self.timeout);
        let work = async move { member.tool.invoke(&call).await }.boxed();
        let mut task = CallTask::spawn(work, self.call_scope.as_ref());
        match tokio::time::timeout(timeout, &mut task).await {
            Ok(ended) => ended_with(&name, ended),
            Err(_) => (ToolStatus::Timeout, late(&name, timeout, task.stop())),
        }
    }

    fn unknown(&self, name: &str) -> String {
        let name = excerpt(name);
        if self.tools.is_empty() {
            return format!("no tool is named `{name}`: there are no tools");
        }
        let known: Vec<&str> = self.tools.iter().map(|member| member.tool.spec().name.as_str()).collect();
        format!("no tool is named `{name}`, expected one of: {}", known.join(", "))
    }

    fn cut(&self, content: String) -> String {
        if content.len() <= self.max_output_bytes {
            return content;
        }
        let kept = &content[..content.floor_char_boundary(self.max_output_bytes)];
        format!("{kept}… (cut: the output has {} bytes)", content.len())
    }
}

impl Default for Toolbox {
    fn default() -> Self {
        Self::new()
    }
}

#[async_trait]
impl ToolRegistry for Toolbox {
    fn specs(&self) -> Vec<ToolSpec> {
        self.tools.iter().map(|member| member.tool.spec().clone()).collect()
    }

    async fn invoke(&self, call: &ToolCall) -> Result<ToolOutput> {
        let started = Instant::now();
        let (status, content) = self.outcome(call).await;
        let mut output = ToolOutput::new(call, status, self.cut(content));
        output.elapsed = started.elapsed();
        Ok(output)
    }
}

/// What a call that came to its end gives.
fn ended_with(name: &str, ended: Result<Result<String>, JoinError>) -> (ToolStatus, String) {
    match ended.map_err(JoinError::try_into_panic) {
        Ok(Ok(value)) => (ToolStatus::Success, value),
        Ok(Err(error)) => (ToolStatus::Error, format!("`{name}` failed: {}", reason(&error))),
        Err(Ok(panic)) => (ToolStatus::Error, format!("`{name}` panicked: {}", panic_text(&*panic))),
        Err(Err(stopped)) => (ToolStatus::Error, format!("`{name}` failed: {stopped}")),
    }
}

/// What is said of a call that did not end in time.
fn late(name: &str, timeout: Duration, stopped: Stopped) -> String {
    match stopped {
        Stopped::Cancelled => format!("`{name}` did not finish within {timeout:?} and was cancelled"),
        Stopped::Running => format!(
            "`{name}` did not finish within {timeout:?}; it cannot be stopped and may still be running"
        ),
        Stopped::Waiting => format!(
            "`{name}` got no thread within {timeout:?}: all {MAX_BLOCKING_CALLS} for blocking tools are busy"
        ),
    }
}

/// The call with its arguments as an object: some models write them as a string of JSON, or leave them out.
fn with_object(call: &ToolCall) -> Result<ToolCall, String> {
    let arguments = match &call.arguments {
        Value::Null => Value::Object(Map::new()),
        Value::String(text) if text.trim().is_empty() => Value::Object(Map::new()),
        Value::String(text) => match serde_json::from_str(text) {
            Ok(Value::Object(fields)) => Value::Object(fields),
            Ok(_) => return Err(format!("at `/` (`type`): expected a JSON object, got `{}`", excerpt(text))),
            Err(error) => {
                return Err(format!("at `/`: expected a JSON object, got `{}`: {error}", excerpt(text)));
            }
        },
        arguments => arguments.clone(),
    };
    Ok(ToolCall::new(&call.id, &call.name, arguments))
}

/// Why a tool failed, without the words that only name the tool again.
fn reason(error: &Error) -> String {
    let Error::Foreign { source, .. } = error else {
        return error.chain();
    };
    let mut text = source.to_string();
    let mut cause = source.source();
    while let Some(error) = cause {
        text.push_str(": ");
        text.push_str(&error.to_string());
        cause = error.source();
    }
    text
}
