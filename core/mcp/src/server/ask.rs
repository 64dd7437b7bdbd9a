use futures::TryStreamExt;
use futures::future::BoxFuture;
use rushlight::{Agent, Answer, Error, Event, Request, Result, ToolContext, ToolSpec};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

/// What the tool that asks an agent is called.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
#[non_exhaustive]
pub struct AskOptions {
    /// The name that the client's model uses. Default `ask`.
    pub name: String,
    /// What the client's model is told about it. Default: that it answers questions.
    pub description: String,
}

impl AskOptions {
    /// The same with this name.
    #[must_use]
    pub fn name(mut self, name: impl Into<String>) -> Self {
        self.name = name.into();
        self
    }

    /// The same with this description.
    #[must_use]
    pub fn description(mut self, description: impl Into<String>) -> Self {
        self.description = description.into();
        self
    }
}

impl Default for AskOptions {
    fn default() -> Self {
        let description = "Asks an assistant, which answers from its documents and tools.".to_owned();
        Self { name: "ask".to_owned(), description }
    }
}

/// An agent as a tool.
#[derive(Debug)]
pub(super) struct Ask {
    agent: Box<dyn Agent>,
    spec: ToolSpec,
}

impl Ask {
    pub(super) fn new(agent: impl Agent, options: AskOptions) -> Self {
        let parameters = json!({
            "type": "object",
            "properties": {"question": {"type": "string", "description": "The question"}},
            "required": ["question"],
            "additionalProperties": false,
        });
        Self { agent: Box::new(agent), spec: ToolSpec::new(options.name, options.description, parameters) }
    }

    pub(super) fn spec(&self) -> &ToolSpec {
        &self.spec
    }

    /// The answer; `progress` hears of each tool that is called.
    pub(super) async fn answer(
        &self,
        arguments: &Value,
        context: &ToolContext,
        mut progress: impl FnMut(String) -> BoxFuture<'static, ()> + Send,
    ) -> Result<Answer> {
        let question = arguments.get("question").and_then(Value::as_str);
        let question = question.ok_or_else(|| {
            Error::invalid("arguments", format!("expected an object with a text `question`, got {arguments}"))
        })?;
        let mut events = self.agent.run(Request::of_tool(question, context)).await?;
        while let Some(event) = events.try_next().await? {
            match event {
                Event::ToolCall(call) => progress(format!("calls `{}`", call.name)).await,
                Event::Done(answer) => return Ok(*answer),
                _ => {}
            }
        }
        Err(Error::Stopped { what: "agent" })
    }
}
