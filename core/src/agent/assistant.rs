use std::path::Path;
use std::sync::Arc;

use async_trait::async_trait;

use super::emitter::events;
use super::hand_off::{self, HandOff};
use super::prompt::Draft;
use super::recording;
use super::run::Run;
use super::{Agent, AssistantBuilder, Citing, EventStream, Limits, Request};
use crate::cache::{Cache, SingleFlight};
use crate::llm::{Llm, Prompt, Sampling};
use crate::message::ToolSpec;
use crate::observe::ToolMetrics;
use crate::retrieval::Retriever;
use crate::schema::{PATTERNS_OF_ANSWERS, ValueSchema};
use crate::session::SessionStore;
use crate::tools::{ToolContext, ToolRegistry};
use crate::{Error, Result};

/// The agent that this crate ships: answers from documents, with tools, a memory and a cache.
///
/// ```
/// use rushlight::{AgentExt, Assistant, ScriptedLlm};
/// use rushlight::llm::ScriptedTurn;
///
/// # #[tokio::main] async fn main() -> rushlight::Result<()> {
/// let llm = ScriptedLlm::new(vec![ScriptedTurn::text("Hello, Ann.")]);
/// let assistant = Assistant::builder(llm).instructions("You greet people.").build()?;
///
/// let answer = assistant.ask("I am Ann").await?;
/// assert_eq!(answer.text, "Hello, Ann.");
/// # Ok(()) }
/// ```
///
/// One run goes this way: what was said before in the session; the cache; the passages that the retriever
/// finds; then turns, each a generation and the tools it asks for, until the model asks for no more or a
/// limit is reached. In the last turn that the limits admit, no tools are offered. Copies of the handle
/// share all parts.
///
/// - Tools of one turn run at the same time; their outputs come in the order of the calls. A call
///   with the arguments of an earlier one is refused, and the next turn is the last.
/// - A cached answer comes as one [`Event::Text`](super::Event::Text) and
///   [`Event::Done`](super::Event::Done). Only whole answers are kept, and answers that needed tools only
///   with [`AssistantBuilder::cache_tool_answers`]. A cache that fails is logged and passed over.
/// - A conversation that is [handed over](AssistantBuilder::hand_off_to) goes on in another agent, whose events and answer are
///   those of the run. Such an answer is remembered and never kept in the cache; the next question comes here again.
/// - The same question asked twice at once is answered once, when there is a cache.
/// - An answer to a request with a [schema](Request::schema) fits it, or the run ends with [`Error::Model`], which says where
///   and by which rule it does not; nothing is remembered or kept then.
/// - History that does not fit the model's context window is left out of the prompt, oldest first.
///
/// A run is driven by whoever reads its stream, on a tokio runtime with time enabled; nothing runs on its own but
/// a tool that was called.
#[derive(Debug, Clone)]
pub struct Assistant {
    parts: Arc<Parts>,
}

/// What an assistant is made of.
#[derive(Debug)]
pub(super) struct Parts {
    pub(super) llm: Arc<dyn Llm>,
    pub(super) instructions: String,
    pub(super) retriever: Option<Arc<dyn Retriever>>,
    pub(super) tools: Option<Arc<dyn ToolRegistry>>,
    pub(super) cache: Option<Arc<dyn Cache>>,
    pub(super) sessions: Option<Arc<dyn SessionStore>>,
    pub(super) sampling: Sampling,
    pub(super) limits: Limits,
    pub(super) hand_offs: Vec<HandOff>,
    pub(super) cache_tool_answers: bool,
    pub(super) flights: SingleFlight,
    pub(super) tool_metrics: Option<ToolMetrics>,
}

impl Parts {
    /// The tools that can be offered to a run.
    pub(super) async fn specs(&self, context: &ToolContext) -> Result<Vec<ToolSpec>> {
        let specs = match &self.tools {
            Some(tools) => tools.specs_for(context).await?,
            None => Vec::new(),
        };
        Ok(self.with_hand_offs(specs, context))
    }

    /// These tools, and the ways to agents that are open to a run.
    fn with_hand_offs(&self, mut specs: Vec<ToolSpec>, context: &ToolContext) -> Vec<ToolSpec> {
        for HandOff { spec, .. } in hand_off::open_to(self, context) {
            specs.retain(|tool| tool.name != spec.name);
            specs.push(spec.clone());
        }
        specs
    }
}

impl Assistant {
    /// Starts an assistant around a model.
    pub fn builder(llm: impl Llm) -> AssistantBuilder {
        AssistantBuilder::new(llm)
    }

    /// The assistant of a journal that [`AssistantBuilder::record`] wrote: the same runs give the same events, without model,
    /// tools or network. Only the times of [`Report`](crate::Report)s are those of the replay.
    ///
    /// A run that asks its parts for anything else than a recorded one did ends with [`Error::Diverged`], which names the
    /// first difference; see [`Replay`](crate::Replay).
    ///
    /// # Errors
    ///
    /// Those of [`Replay::open`](crate::Replay::open).
    pub fn replay(path: impl AsRef<Path>) -> Result<Self> {
        recording::replayed(path.as_ref()).map(Self::from_parts)
    }

    /// What the prompts of all its runs begin with that are granted no scopes: instructions and tools. A
    /// [`LocalLlm`](crate::LocalLlm) can save it to a file for the next process. Tools with [`Choices`](crate::Choices) are in it
    /// without them.
    pub fn beginning(&self) -> Prompt {
        let specs = self.parts.tools.as_ref().map(ToolRegistry::specs).unwrap_or_default();
        self.beginning_with(self.parts.with_hand_offs(specs, &ToolContext::new()))
    }

    /// Lets the model compute instructions and tools now, so that the first run need not.
    pub async fn warm_up(&self) -> Result<()> {
        let specs = self.parts.specs(&ToolContext::new()).await?;
        self.parts.llm.warm_up(self.beginning_with(specs)).await
    }

    fn beginning_with(&self, specs: Vec<ToolSpec>) -> Prompt {
        Draft::new(&self.parts, specs, Vec::new(), &[], &Request::new("")).beginning()
    }

    pub(super) fn from_parts(parts: Parts) -> Self {
        Self { parts: Arc::new(parts) }
    }
}

#[async_trait]
impl Agent for Assistant {
    async fn run(&self, request: Request) -> Result<EventStream> {
        if request.question.trim().is_empty() {
            return Err(Error::invalid("question", "expected some text, got none"));
        }
        if let (Some(session), None) = (&request.session, &self.parts.sessions) {
            let message =
                format!("expected an assistant with a session store, got session `{session}` without one");
            return Err(Error::invalid("session", message));
        }
        if request.citing != Citing::Free && request.schema.is_some() {
            return Err(Error::invalid(
                "citing",
                "expected `free` beside a schema, which the answer has to fit",
            ));
        }
        let schema = request
            .schema
            .as_ref()
            .map(|schema| ValueSchema::compile("schema", schema, PATTERNS_OF_ANSWERS))
            .transpose()?;
        let parts = Arc::clone(&self.parts);
        Ok(events(move |emitter| Run::new(parts, request, schema, emitter).walk()))
    }
}
