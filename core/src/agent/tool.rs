use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use schemars::JsonSchema;
use serde::Deserialize;

use super::{Agent, AgentExt, Limits, Request};
use crate::message::{ToolCall, ToolOutput, ToolSpec, ToolStatus};
use crate::schema::schema_of;
use crate::tools::{Choices, Tool, ToolContext, ToolPolicy};
use crate::{Error, Result};

/// How many agents may ask each other, or hand over to each other, by default.
pub(super) const MAX_DEPTH: usize = 4;

/// An agent that other agents may ask: a tool whose argument is a question and whose value is the text of the answer.
///
/// ```
/// use rushlight::{AgentExt, AgentTool, Assistant, ScriptedLlm, Toolbox};
/// use rushlight::llm::ScriptedTurn;
/// use serde_json::json;
///
/// # #[tokio::main] async fn main() -> rushlight::Result<()> {
/// # let small = ScriptedLlm::new(vec![ScriptedTurn::text("It divides by zero.")]);
/// # let call = ScriptedTurn::call("reviewer", json!({"question": "Is `1 / n` right?"}));
/// # let llm = ScriptedLlm::new(vec![call, ScriptedTurn::text("No: it divides by zero.")]);
/// let reviewer = Assistant::builder(small).instructions("You review code.").build()?;
///
/// let tool = AgentTool::new("reviewer", "Finds mistakes in code", reviewer);
/// let assistant = Assistant::builder(llm).tools(Toolbox::new().add(tool)?).build()?;
/// assert_eq!(assistant.ask("Is `1 / n` right?").await?.text, "No: it divides by zero.");
/// # Ok(()) }
/// ```
///
/// - The agent is asked in the name of the run that calls it: with its scopes, its filter, its priority and what is left of
///   its deadline, but in no session. What it may not do, it may not do here.
/// - The tokens of its answer count as the run's own, in [`ToolOutput::usage`] and [`Answer::usage`](crate::Answer::usage).
///   Those of a run that fails are not known.
/// - An agent that fails is an output with the status `error`, one that is too late `timeout`, and one that would be asked
///   [too deep](Self::max_depth) `refused`; each says what the model can do.
///
/// # Cancellation
///
/// Dropping the run that calls it drops its own.
#[derive(Debug)]
#[must_use]
pub struct AgentTool {
    spec: ToolSpec,
    agent: Arc<dyn Agent>,
    policy: ToolPolicy,
    max_depth: usize,
}

/// The argument of every agent that is a tool.
#[derive(Debug, Deserialize, JsonSchema)]
struct Arguments {
    /// The question, with everything that is needed to understand it
    question: String,
}

impl AgentTool {
    /// An agent under the name that the model uses, and what the model is told about it.
    ///
    /// The name is checked when the tool is added to a [`Toolbox`](crate::Toolbox).
    pub fn new(name: impl Into<String>, description: impl Into<String>, agent: impl Agent) -> Self {
        let spec = ToolSpec::new(name, description, schema_of::<Arguments>());
        Self { spec, agent: Arc::new(agent), policy: ToolPolicy::default(), max_depth: MAX_DEPTH }
    }

    /// What keeps its calls in check. Default: a timeout as long as the default deadline of a run, which a policy without
    /// a timeout has, too.
    pub fn policy(mut self, policy: ToolPolicy) -> Self {
        self.policy = policy;
        self
    }

    /// How long one answer may take: [`ToolPolicy::timeout`].
    pub fn timeout(mut self, timeout: Duration) -> Self {
        self.policy.timeout = Some(timeout);
        self
    }

    /// How many agents may ask each other until this one is not asked any more. Default 4: an agent that calls itself is
    /// asked four times.
    pub fn max_depth(mut self, depth: usize) -> Self {
        self.max_depth = depth;
        self
    }

    fn too_deep(&self, call: &ToolCall) -> ToolOutput {
        let content = format!(
            "`{}` was not asked: {} agents already ask each other; answer with what is known",
            self.spec.name, self.max_depth
        );
        ToolOutput::new(call, ToolStatus::Refused, content)
    }

    fn too_late(&self, call: &ToolCall, after: Duration) -> ToolOutput {
        let content = format!("`{}` gave no answer within {after:?} and was stopped", self.spec.name);
        ToolOutput::new(call, ToolStatus::Timeout, content)
    }
}

#[async_trait]
#[deny(clippy::missing_trait_methods)]
impl Tool for AgentTool {
    fn spec(&self) -> &ToolSpec {
        &self.spec
    }

    async fn invoke(&self, call: &ToolCall) -> Result<String> {
        Ok(self.invoke_for(call, &ToolContext::new()).await?.content)
    }

    async fn invoke_for(&self, call: &ToolCall, context: &ToolContext) -> Result<ToolOutput> {
        if context.depth >= self.max_depth {
            return Ok(self.too_deep(call));
        }
        let Arguments { question } = Arguments::deserialize(&call.arguments)
            .map_err(|error| Error::invalid("arguments", error.to_string()))?;
        match self.agent.ask(Request::of_tool(question, context)).await {
            Ok(answer) => Ok(ToolOutput {
                usage: answer.usage,
                ..ToolOutput::new(call, ToolStatus::Success, answer.text)
            }),
            Err(Error::Timeout { after, .. }) => Ok(self.too_late(call, after)),
            Err(error) => Err(error),
        }
    }

    async fn preview(&self, _call: &ToolCall, _context: &ToolContext) -> Result<Option<String>> {
        Ok(None)
    }

    async fn version(&self, _call: &ToolCall) -> Result<String> {
        Ok(String::new())
    }

    fn choices(&self) -> Vec<Choices> {
        Vec::new()
    }

    fn policy(&self) -> ToolPolicy {
        let timeout = self.policy.timeout.unwrap_or(Limits::default().deadline);
        self.policy.clone().timeout(timeout)
    }
}
