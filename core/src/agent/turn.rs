use std::collections::HashSet;
use std::sync::Arc;
use std::time::{Duration, Instant};

use futures::TryStreamExt;
use futures::future::try_join_all;

use super::Event;
use super::prompt::Draft;
use super::run::Run;
use crate::llm::{Delta, DeltaStream, FinishReason};
use crate::message::{ToolCall, ToolOutput, ToolStatus};
use crate::tools::{ToolContext, ToolRegistry, canonical};
use crate::{Error, Result};

/// What one generation gave.
#[derive(Debug)]
pub(super) struct Generation {
    pub(super) text: String,
    pub(super) calls: Vec<ToolCall>,
    pub(super) finish_reason: FinishReason,
}

impl Run {
    /// One generation, its text handed on as it comes. Calls that the model makes although no tool is offered
    /// are left out.
    pub(super) async fn generate(&mut self, draft: &mut Draft, offer_tools: bool) -> Result<Generation> {
        let mut deltas = self.start(draft, offer_tools).await?;
        let mut generation =
            Generation { text: String::new(), calls: Vec::new(), finish_reason: FinishReason::Stop };
        let mut decoding = Decoding::default();
        while let Some(delta) = self.model(deltas.try_next()).await? {
            match delta {
                Delta::Text(text) => {
                    decoding.begin();
                    generation.text.push_str(&text);
                    self.say(text).await;
                }
                Delta::CallProbability(share) => self.note_choice(share),
                Delta::ToolCall(call) if offer_tools => {
                    let call = self.with_unique_id(call);
                    generation.calls.push(call.clone());
                    self.emit(Event::ToolCall(call)).await;
                }
                Delta::ToolCall(call) => {
                    tracing::warn!(tool = call.name, "the model asks for a tool although none was offered");
                }
                Delta::Done { finish_reason, usage } => {
                    generation.finish_reason = finish_reason;
                    self.count(usage, decoding.end());
                    return Ok(generation);
                }
            }
        }
        Err(Error::Stopped { what: "the generation" })
    }

    /// Starts the model on the draft; what the model's own count finds too long loses its oldest history.
    async fn start(&mut self, draft: &mut Draft, offer_tools: bool) -> Result<DeltaStream> {
        let llm = Arc::clone(&self.parts.llm);
        loop {
            let prompt = draft.build(&self.parts, offer_tools)?.priority(self.request.priority);
            match self.model(llm.generate(prompt)).await {
                Err(Error::ContextTooLong { .. }) if draft.drop_oldest_turn() => {}
                started => return started,
            }
        }
    }
}

/// The time from the first text of a generation on.
#[derive(Debug, Default)]
struct Decoding {
    first: Option<Instant>,
}

impl Decoding {
    fn begin(&mut self) {
        self.first.get_or_insert_with(Instant::now);
    }

    fn end(self) -> Option<Duration> {
        self.first.map(|first| first.elapsed())
    }
}

/// The tool calls of a run: what was asked, and how many may still be run. An equal call is not run again.
#[derive(Debug)]
pub(super) struct Calls {
    limit: usize,
    left: usize,
    asked: HashSet<String>,
    repeated: bool,
}

impl Calls {
    pub(super) fn new(limit: usize) -> Self {
        Self { limit, left: limit, asked: HashSet::new(), repeated: false }
    }

    /// Whether the next turn must do without tools.
    pub(super) fn are_spent(&self) -> bool {
        self.left == 0 || self.repeated
    }

    /// Runs the calls of one turn at the same time; their outputs in the order of the calls.
    pub(super) async fn invoke(
        &mut self,
        tools: &dyn ToolRegistry,
        calls: &[ToolCall],
        context: &ToolContext,
    ) -> Result<Vec<ToolOutput>> {
        let admitted: Vec<Result<(), String>> = calls.iter().map(|call| self.admit(call)).collect();
        let outputs = calls.iter().zip(admitted).map(async |(call, admitted)| match admitted {
            Ok(()) => tools.invoke_for(call, context).await,
            Err(refusal) => Ok(ToolOutput::new(call, ToolStatus::Refused, refusal)),
        });
        try_join_all(outputs).await
    }

    /// Counts a call, or says why it is not run.
    fn admit(&mut self, call: &ToolCall) -> Result<(), String> {
        let asked = format!("{} {}", call.name, canonical(&call.arguments));
        if self.asked.contains(&asked) {
            self.repeated = true;
            let name = &call.name;
            return Err(format!(
                "`{name}` was already run with these arguments; answer with the output above"
            ));
        }
        if self.left == 0 {
            let limit = self.limit;
            return Err(format!("the limit of {limit} tool calls is reached; answer with what is known"));
        }
        self.asked.insert(asked);
        self.left -= 1;
        Ok(())
    }
}
