use std::collections::HashSet;
use std::sync::Arc;
use std::time::{Duration, Instant};

use futures::TryStreamExt;
use futures::future::try_join_all;
use sha2::{Digest, Sha256};

use super::Event;
use super::pending::{self, Turn};
use super::prompt::Draft;
use super::run::Run;
use crate::llm::{Delta, DeltaStream, FinishReason};
use crate::message::{Message, ToolCall, ToolOutput, ToolStatus};
use crate::tools::{ToolContext, ToolRegistry, canonical};
use crate::{Error, Result};

const ALREADY_RUN: &str = "was already run with these arguments; answer with the output above";
const LATE: &str = "it was stopped, since the time of the run is nearly over; answer with what is known";

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

    /// Runs the open calls of a turn. That is a part of the draft then, or comes back if some of them have to wait.
    pub(super) async fn run_calls(
        &mut self,
        mut turn: Turn,
        calls: &mut Calls,
        tools: &dyn ToolRegistry,
        context: &ToolContext,
        draft: &mut Draft,
    ) -> Result<Option<Turn>> {
        let open: Vec<&ToolCall> = turn.open_calls().collect();
        let (begin, clock) = (Instant::now(), tokio::time::Instant::now());
        let mut outputs = calls.invoke(tools, &open, context).await?;
        self.report.tools += begin.elapsed();
        if let Some(counted) = &mut self.counted {
            counted.record(&outputs, clock.elapsed());
        }
        outputs.retain(|output| output.status != ToolStatus::Pending);
        self.tell(&outputs).await;
        turn.outputs.extend(outputs);
        if turn.open_calls().next().is_some() {
            return Ok(Some(turn));
        }
        draft.extend(turn.into_messages());
        Ok(None)
    }

    /// Counts what a run did before it had to wait; gives how many turns that were.
    pub(super) fn take_up(&mut self, exchange: &[Message], open: &Turn, calls: &mut Calls) -> usize {
        let before = exchange.iter().flat_map(|message| &message.tool_calls);
        self.call_ids.extend(before.clone().chain(&open.calls).map(|call| call.id.clone()));
        for call in before.chain(open.ended_calls()) {
            calls.count(call);
        }
        pending::turns_in(exchange) + 1
    }

    /// Starts the model on the draft; what the model's own count finds too long loses what matters least.
    async fn start(&mut self, draft: &mut Draft, offer_tools: bool) -> Result<DeltaStream> {
        let llm = Arc::clone(&self.parts.llm);
        loop {
            let prompt = draft.build(&self.parts, offer_tools)?.priority(self.request.priority);
            match self.model(llm.generate(prompt)).await {
                Err(Error::ContextTooLong { .. }) if draft.shrink() => {}
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

/// The tool calls of a run: what was asked, and how many may still be run. An equal call is not run again, unless it failed
/// in a way that may pass.
#[derive(Debug)]
pub(super) struct Calls {
    limit: usize,
    left: usize,
    asked: HashSet<[u8; 32]>,
    /// Whether a call was repeated, or the time for tools is over.
    over: bool,
}

impl Calls {
    pub(super) fn new(limit: usize) -> Self {
        Self { limit, left: limit, asked: HashSet::new(), over: false }
    }

    /// Whether the next turn must do without tools.
    pub(super) fn are_spent(&self) -> bool {
        self.left == 0 || self.over
    }

    /// Runs the calls of one turn at the same time; their outputs in the order of the calls.
    pub(super) async fn invoke(
        &mut self,
        tools: &dyn ToolRegistry,
        calls: &[&ToolCall],
        context: &ToolContext,
    ) -> Result<Vec<ToolOutput>> {
        let admitted: Vec<Result<(), String>> = calls.iter().map(|call| self.admit(call)).collect();
        let outputs = calls.iter().zip(&admitted).map(async |(call, admitted)| match admitted {
            Ok(()) => in_time(tools.invoke_for(call, context), context.deadline).await,
            Err(refusal) => Ok(Some(ToolOutput::new(call, ToolStatus::Refused, refusal))),
        });
        let outputs = try_join_all(outputs).await?;
        self.over |= outputs.iter().any(Option::is_none);
        let late = |call: &ToolCall| ToolOutput::new(call, ToolStatus::Timeout, LATE);
        let outputs: Vec<ToolOutput> = outputs
            .into_iter()
            .zip(calls)
            .map(|(output, call)| output.unwrap_or_else(|| late(call)))
            .collect();
        let failed = calls.iter().zip(&outputs).filter(|(_, output)| may_pass(output.status));
        for (call, _) in failed {
            self.asked.remove(&identity(call));
        }
        let mut refused = calls.iter().zip(&admitted).filter(|(_, admitted)| admitted.is_err());
        self.over |= refused.any(|(call, _)| self.asked.contains(&identity(call)));
        Ok(outputs)
    }

    /// Counts a call that came to an end before.
    pub(super) fn count(&mut self, call: &ToolCall) {
        self.asked.insert(identity(call));
        self.left = self.left.saturating_sub(1);
    }

    /// Counts a call, or says why it is not run.
    fn admit(&mut self, call: &ToolCall) -> Result<(), String> {
        let asked = identity(call);
        if self.asked.contains(&asked) {
            return Err(format!("`{}` {ALREADY_RUN}", call.name));
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

/// Whether a message is what a call was answered that an earlier one has made needless.
pub(super) fn is_repeat(output: &Message) -> bool {
    output.content.ends_with(ALREADY_RUN)
}

/// What a call gives until the end of the time for tools; none if it gives nothing. What a journal has of such a call is that it
/// was stopped.
async fn in_time(
    output: impl Future<Output = Result<ToolOutput>>,
    end: Option<tokio::time::Instant>,
) -> Result<Option<ToolOutput>> {
    let outcome = match end {
        Some(end) => tokio::time::timeout_at(end, output).await,
        None => Ok(output.await),
    };
    match outcome {
        Ok(Err(Error::Stopped { .. })) | Err(_) => Ok(None),
        Ok(outcome) => outcome.map(Some),
    }
}

/// Whether a call that ended so may end otherwise when it is made again.
fn may_pass(status: ToolStatus) -> bool {
    use ToolStatus::{Error, RateLimited, Timeout, Unavailable};

    matches!(status, Error | Timeout | RateLimited | Unavailable)
}

/// What equal calls have in common.
fn identity(call: &ToolCall) -> [u8; 32] {
    Sha256::digest(format!("{} {}", call.name, canonical(&call.arguments))).into()
}
