use std::path::PathBuf;
use std::sync::Arc;

use super::assistant::Parts;
use super::hand_off::{self, HandOff};
use super::{Agent, Assistant, Limits, recording};
use crate::Result;
use crate::cache::{Cache, SingleFlight};
use crate::llm::{Llm, Sampling};
use crate::observe::ToolMetrics;
use crate::retrieval::Retriever;
use crate::session::SessionStore;
use crate::tools::{ToolRegistry, Toolbox};

const DEFAULT_INSTRUCTIONS: &str = "You are a helpful assistant.";

/// Puts an [`Assistant`] together; everything but the model is optional.
#[derive(Debug)]
#[must_use]
pub struct AssistantBuilder {
    parts: Parts,
    journal: Option<PathBuf>,
}

impl AssistantBuilder {
    pub(super) fn new(llm: impl Llm) -> Self {
        Self {
            parts: Parts {
                llm: Arc::new(llm),
                instructions: DEFAULT_INSTRUCTIONS.to_owned(),
                retriever: None,
                tools: None,
                cache: None,
                sessions: None,
                sampling: Sampling::default(),
                limits: Limits::default(),
                cache_tool_answers: false,
                hand_offs: Vec::new(),
                flights: SingleFlight::new(),
                tool_metrics: None,
            },
            journal: None,
        }
    }

    /// Who the assistant is and what it does. Default: `You are a helpful assistant.`
    pub fn instructions(mut self, instructions: impl Into<String>) -> Self {
        self.parts.instructions = instructions.into();
        self
    }

    /// Answers rest on the passages that this retriever finds. Default: none.
    pub fn retriever(mut self, retriever: impl Retriever) -> Self {
        self.parts.retriever = Some(Arc::new(retriever));
        self
    }

    /// The model may call these tools. Default: none.
    pub fn tools(mut self, tools: impl ToolRegistry) -> Self {
        self.parts.tools = Some(Arc::new(tools));
        self
    }

    /// How the calls of tools end is counted here. Default: nowhere.
    pub fn tool_metrics(mut self, metrics: ToolMetrics) -> Self {
        self.parts.tool_metrics = Some(metrics);
        self
    }

    /// Answers are kept here and given again. Default: none.
    pub fn cache(mut self, cache: impl Cache) -> Self {
        self.parts.cache = Some(Arc::new(cache));
        self
    }

    /// Keeps answers that needed tools, too. Default: off, since a tool may have an effect, or another
    /// value next time.
    pub fn cache_tool_answers(mut self) -> Self {
        self.parts.cache_tool_answers = true;
        self
    }

    /// Remembers conversations here. Default: none; a request that names a session is then refused.
    pub fn sessions(mut self, sessions: impl SessionStore) -> Self {
        self.parts.sessions = Some(Arc::new(sessions));
        self
    }

    /// How the model chooses tokens.
    pub fn sampling(mut self, sampling: Sampling) -> Self {
        self.parts.sampling = sampling;
        self
    }

    /// What one run may spend.
    pub fn limits(mut self, limits: Limits) -> Self {
        self.parts.limits = limits;
        self
    }

    /// The model may hand the conversation over to this agent, by the tool `transfer_to_NAME`: it goes on from the question
    /// with what was said before, and gives the answer. Default: to nobody.
    ///
    /// A tool of the same name is not offered. Other calls of the same turn are not run. The agent is granted what the run is,
    /// and has the time that is left; it sees what this one remembers, and remembers nothing itself. Agents that hand over to
    /// each other do so four times at most, then whoever has the conversation answers.
    ///
    /// ```
    /// use rushlight::{AgentExt, Assistant, ScriptedLlm, ScriptedTurn};
    /// use serde_json::json;
    ///
    /// # #[tokio::main] async fn main() -> rushlight::Result<()> {
    /// # let biller = ScriptedLlm::new(vec![ScriptedTurn::text("You owe 3.")]);
    /// # let greeter = ScriptedLlm::new(vec![ScriptedTurn::call("transfer_to_billing", json!({}))]);
    /// let billing = Assistant::builder(biller).instructions("You answer questions about invoices.").build()?;
    /// let front = Assistant::builder(greeter).hand_off_to("billing", "Invoices and refunds", billing).build()?;
    ///
    /// let answer = front.ask("What do I owe?").await?;
    /// assert_eq!(answer.text, "You owe 3.");
    /// assert_eq!(answer.answered_by.as_deref(), Some("billing"));
    /// # Ok(()) }
    /// ```
    pub fn hand_off_to(
        mut self,
        name: impl Into<String>,
        description: impl Into<String>,
        agent: impl Agent,
    ) -> Self {
        let hand_off = HandOff::new(name.into(), description.into(), Arc::new(agent));
        self.parts.hand_offs.push(hand_off);
        self
    }

    /// Keeps everything that runs are told by model, tools, retriever, cache and sessions in a file, which is replaced if it
    /// is there: [`Assistant::replay`] gives the same events again. Default: nothing is kept.
    ///
    /// The file is JSON Lines and holds questions, documents and outputs as they are: keep it as private as those. A run
    /// whose inputs cannot be written ends with [`Error::Io`](crate::Error::Io).
    pub fn record(mut self, path: impl Into<PathBuf>) -> Self {
        self.journal = Some(path.into());
        self
    }

    /// The assistant, or the first option that is out of its range.
    pub fn build(mut self) -> Result<Assistant> {
        self.parts.sampling.validate()?;
        self.parts.limits.validate()?;
        hand_off::validate(&self.parts)?;
        if !self.parts.hand_offs.is_empty() {
            // Somebody has to answer the calls of tools that are not there.
            self.parts.tools.get_or_insert_with(|| Arc::new(Toolbox::new()));
        }
        let parts = match self.journal {
            Some(path) => recording::recorded(self.parts, &path)?,
            None => self.parts,
        };
        Ok(Assistant::from_parts(parts))
    }
}
