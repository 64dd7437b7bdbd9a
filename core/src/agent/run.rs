use std::collections::HashSet;
use std::sync::Arc;
use std::time::{Duration, Instant};

use super::assistant::Parts;
use super::citation::citations;
use super::emitter::Emitter;
use super::hand_off::{self, HandOff};
use super::history::repaired;
use super::pending::Turn;
use super::prompt::{Draft, room_for_passages};
use super::turn::{Calls, Generation};
use super::{Answer, Event, PendingRun, Request, cached, context};
use crate::cache::{Flight, Key};
use crate::llm::FinishReason;
use crate::message::{Message, ToolCall, ToolOutput, ToolSpec, Usage};
use crate::observe::{Report, RunCalls, ToolMetrics};
use crate::retrieval::{Passage, Query};
use crate::schema::ValueSchema;
use crate::tools::ToolContext;
use crate::{Error, Result};

/// The last answer has this part of a run's time: a fifth.
const LAST_ANSWER: u32 = 5;

/// How the turns of a run end.
enum Last {
    /// The model says the answer.
    Said(Generation),
    /// Another agent is to say it.
    HandedOff(HandOff),
    /// Calls of this turn wait for an approval.
    Waits(Turn),
}

/// One question on its way to an answer.
pub(super) struct Run {
    pub(super) parts: Arc<Parts>,
    pub(super) request: Request,
    /// What the answer has to be.
    schema: Option<ValueSchema>,
    emitter: Emitter,
    flight: Option<Flight>,
    pub(super) call_ids: HashSet<String>,
    usage: Usage,
    pub(super) report: Report,
    pub(super) counted: Option<RunCalls>,
    started: Instant,
    /// When it is over, by the clock that tools go by.
    deadline: Option<tokio::time::Instant>,
    decoded_tokens: usize,
}

impl Run {
    pub(super) fn new(
        parts: Arc<Parts>,
        request: Request,
        schema: Option<ValueSchema>,
        emitter: Emitter,
    ) -> Self {
        Self {
            parts,
            request,
            schema,
            emitter,
            flight: None,
            call_ids: HashSet::new(),
            usage: Usage::default(),
            report: Report::default(),
            counted: None,
            started: Instant::now(),
            deadline: None,
            decoded_tokens: 0,
        }
    }

    /// The whole run, within its deadline.
    pub(super) async fn walk(mut self) -> Result<()> {
        self.started = Instant::now();
        self.counted = self.parts.tool_metrics.as_ref().map(ToolMetrics::begin_run);
        let limit = self.parts.limits.deadline;
        let after = self.request.deadline.map_or(limit, |deadline| deadline.min(limit));
        self.deadline = tokio::time::Instant::now().checked_add(after);
        match tokio::time::timeout(after, self.answer()).await {
            Ok(outcome) => outcome,
            Err(_) => Err(Error::Timeout { what: "the run", after }),
        }
    }

    async fn answer(&mut self) -> Result<()> {
        let history = self.history().await?;
        let specs = self.parts.specs(&self.request.tool_context()).await?;
        let key = self.key(&history, &specs)?;
        if let Some(answer) = self.cached(key.as_ref()).await {
            return self.replay(answer).await;
        }
        let passages = self.retrieve().await?;
        let mut draft = Draft::new(&self.parts, specs, history, &passages, &self.request);
        let generation = match self.turns(&mut draft).await? {
            Last::Said(generation) => generation,
            Last::HandedOff(hand_off) => return self.answer_of_other(hand_off, draft).await,
            Last::Waits(turn) => {
                self.wait(turn, draft).await;
                return Ok(());
            }
        };
        let exchange = draft.into_exchange();
        let answer = Answer {
            citations: citations(&generation.text, &self.request.question, &passages),
            text: generation.text,
            finish_reason: generation.finish_reason,
            cached: false,
            usage: self.usage,
            answered_by: None,
            pending: None,
            report: Report::default(),
        };
        self.check(&answer)?;
        let used_tools = !exchange.is_empty();
        self.remember(&answer, exchange).await?;
        if let Some(key) = key
            && cached::is_complete(&answer)
            && (self.parts.cache_tool_answers || !used_tools)
        {
            self.keep(key, &answer).await?;
        }
        self.finish(answer).await;
        Ok(())
    }

    /// Ends the run with what another agent makes of it. That is never kept: this agent has not found it.
    async fn answer_of_other(&mut self, hand_off: HandOff, draft: Draft) -> Result<()> {
        self.flight = None;
        let answer = self.hand_over(hand_off, draft.said()).await?;
        self.check(&answer)?;
        self.remember(&answer, draft.into_exchange()).await?;
        self.finish(answer).await;
        Ok(())
    }

    /// Ends the run for now. Nothing is kept or remembered of it but what its answer carries.
    async fn wait(&mut self, turn: Turn, draft: Draft) {
        let mut answer = Answer::new(turn.text.clone());
        answer.finish_reason = FinishReason::ToolCalls;
        answer.usage = self.usage;
        let pending = PendingRun::new(self.request.clone(), draft.into_exchange(), turn);
        answer.pending = Some(Box::new(pending));
        self.finish(answer).await;
    }

    /// Refuses an answer that does not fit the schema.
    fn check(&self, answer: &Answer) -> Result<()> {
        let Some(Err(mistake)) = self.schema.as_ref().map(|schema| schema.read(&answer.text)) else {
            return Ok(());
        };
        let cut = if answer.finish_reason == FinishReason::Length { "was cut off and " } else { "" };
        let source = format!("its answer {cut}does not fit the schema: {mistake}").into();
        Err(Error::Model { model: self.parts.llm.name().to_owned(), source })
    }

    async fn history(&self) -> Result<Vec<Message>> {
        let mut history = match (&self.parts.sessions, &self.request.session) {
            (Some(sessions), Some(session)) => sessions.load(session).await?,
            _ => Vec::new(),
        };
        history.extend_from_slice(&self.request.history);
        Ok(repaired(history))
    }

    fn key(&self, history: &[Message], specs: &[ToolSpec]) -> Result<Option<Key>> {
        if self.parts.cache.is_none() || self.request.resumed.is_some() {
            return Ok(None);
        }
        cached::key(&self.parts, &self.request, history, specs).map(Some)
    }

    /// The kept answer; if there is none, this run is now the one that works on the question.
    async fn cached(&mut self, key: Option<&Key>) -> Option<Answer> {
        let key = key?;
        if let Some(answer) = self.look_up(key).await {
            return Some(answer);
        }
        let flight = self.parts.flights.lock(key).await;
        let found = if flight.waited() { self.look_up(key).await } else { None };
        if found.is_none() {
            self.flight = Some(flight);
        }
        found
    }

    async fn look_up(&self, key: &Key) -> Option<Answer> {
        match self.parts.cache.as_ref()?.get(key).await {
            Ok(entry) => entry.as_ref().and_then(cached::decode),
            Err(error) => {
                tracing::warn!(error = error.chain(), "the cache cannot be read; the answer is computed");
                None
            }
        }
    }

    async fn keep(&self, key: Key, answer: &Answer) -> Result<()> {
        let Some(cache) = &self.parts.cache else {
            return Ok(());
        };
        if let Err(error) = cache.put(&key, cached::encode(answer)?).await {
            tracing::warn!(error = error.chain(), "the cache cannot be written; the answer is not kept");
        }
        Ok(())
    }

    async fn replay(&mut self, answer: Answer) -> Result<()> {
        self.say(answer.text.clone()).await;
        self.remember(&answer, Vec::new()).await?;
        self.finish(answer).await;
        Ok(())
    }

    async fn retrieve(&mut self) -> Result<Vec<Passage>> {
        let Some(retriever) = &self.parts.retriever else {
            return Ok(Vec::new());
        };
        let begin = Instant::now();
        let mut query = Query::new(&self.request.question).k(self.parts.limits.max_passages);
        query.filter.clone_from(&self.request.filter);
        let found = retriever.retrieve(&query).await?;
        let passages = context::pack(&*self.parts.llm, found, room_for_passages(&self.parts))?;
        self.report.retrieval = begin.elapsed();
        self.emit(Event::Retrieved { passages: passages.clone() }).await;
        Ok(passages)
    }

    /// Turns until the model asks for no more tools, hands over, or has to wait; calls and outputs before that are in the
    /// draft.
    async fn turns(&mut self, draft: &mut Draft) -> Result<Last> {
        let parts = Arc::clone(&self.parts);
        let tools = parts.tools.as_deref().filter(|_| draft.has_tools());
        let mut context = ToolContext { deadline: self.end_of_tools(), ..self.request.tool_context() };
        let mut calls = Calls::new(parts.limits.max_tool_calls);
        let mut turns_before = 0;
        if let Some(resumed) = self.request.resumed.take() {
            let tools = tools.ok_or_else(|| {
                Error::invalid("request", "it goes on with calls of tools, and this agent has none")
            })?;
            let (exchange, turn, decisions) = resumed.into_parts();
            context.decisions = decisions;
            turns_before = self.take_up(&exchange, &turn, &mut calls);
            draft.extend(exchange);
            if let Some(turn) = self.run_calls(turn, &mut calls, tools, &context, draft).await? {
                return Ok(Last::Waits(turn));
            }
        }
        let open = hand_off::open_to(&parts, &context);
        loop {
            let turns = turns_before + self.report.turns;
            let is_spent = calls.are_spent() || parts.limits.are_reached_by(self.usage);
            let last = turns + 1 >= parts.limits.max_turns || is_spent;
            let offered = tools.filter(|_| !last);
            let generation = self.generate(draft, offered.is_some()).await?;
            let Some(tools) = offered.filter(|_| !generation.calls.is_empty()) else {
                return Ok(Last::Said(generation));
            };
            if let Some(hand_off) = hand_off::chosen(open, &generation.calls) {
                self.tell(&hand_off::outputs(&hand_off, &generation.calls)).await;
                return Ok(Last::HandedOff(hand_off));
            }
            if !parts.cache_tool_answers {
                self.flight = None;
            }
            let turn = Turn::new(generation.text, generation.calls);
            if let Some(turn) = self.run_calls(turn, &mut calls, tools, &context, draft).await? {
                return Ok(Last::Waits(turn));
            }
        }
    }

    /// Gives the outputs of a turn to the reader.
    pub(super) async fn tell(&mut self, outputs: &[ToolOutput]) {
        self.report.tool_calls += outputs.len();
        for output in outputs {
            self.usage += output.usage;
            self.emit(Event::ToolOutput(output.clone())).await;
        }
    }

    async fn remember(&self, answer: &Answer, exchange: Vec<Message>) -> Result<()> {
        let (Some(sessions), Some(session)) = (&self.parts.sessions, &self.request.session) else {
            return Ok(());
        };
        let mut messages = vec![Message::user(&self.request.question)];
        messages.extend(exchange);
        messages.push(Message::assistant(&answer.text, Vec::new()));
        sessions.append(session, messages).await
    }

    async fn finish(&mut self, mut answer: Answer) {
        self.flight = None;
        self.report.total = self.started.elapsed();
        let seconds = self.report.decoding.as_secs_f64();
        if self.decoded_tokens > 0 && seconds > 0.0 {
            self.report.tokens_per_second = Some(self.decoded_tokens as f64 / seconds);
        }
        self.report.cost = self.parts.limits.cost(answer.usage);
        answer.report = self.report;
        self.emit(Event::Done(Box::new(answer))).await;
    }

    /// Gives a piece of the answer to the reader.
    pub(super) async fn say(&mut self, text: String) {
        let elapsed = self.started.elapsed();
        self.report.first_token.get_or_insert(elapsed);
        self.emit(Event::Text { text }).await;
    }

    /// Gives an event to the reader; meanwhile nobody waits for this run.
    pub(super) async fn emit(&mut self, event: Event) {
        if let Some(flight) = &self.flight {
            flight.pause();
        }
        let begin = Instant::now();
        self.emitter.emit(event).await;
        self.report.reading += begin.elapsed();
        if let Some(flight) = &self.flight {
            flight.resume();
        }
    }

    /// Waits for the model.
    pub(super) async fn model<T>(&mut self, work: impl Future<Output = T>) -> T {
        let begin = Instant::now();
        let outcome = work.await;
        self.report.generation += begin.elapsed();
        outcome
    }

    /// Adds a turn to the counts; `decoding` is the time from its first text to its end.
    pub(super) fn count(&mut self, usage: Usage, decoding: Option<Duration>) {
        self.usage += usage;
        self.report.turns += 1;
        if let Some(decoding) = decoding {
            self.report.decoding += decoding;
            self.decoded_tokens += usage.output_tokens.saturating_sub(1);
        }
    }

    /// Takes note of how likely a call was in the first turn.
    pub(super) fn note_choice(&mut self, call_probability: f32) {
        self.report.call_probability.get_or_insert(call_probability);
    }

    /// Adds what another agent spent on this run's answer to what was spent before. What it waited for its reader was spent
    /// here.
    pub(super) fn count_other(&mut self, answer: &mut Answer) {
        self.usage += answer.usage;
        answer.usage = self.usage;
        let (own, other) = (&mut self.report, &answer.report);
        own.retrieval += other.retrieval;
        own.generation += other.generation;
        own.decoding += other.decoding;
        own.tools += other.tools;
        own.turns += other.turns;
        own.tool_calls += other.tool_calls;
        let tokens = other.tokens_per_second.unwrap_or_default() * other.decoding.as_secs_f64();
        self.decoded_tokens += tokens.round() as usize;
    }

    /// When tools are stopped, so that there is time for a last answer.
    fn end_of_tools(&self) -> Option<tokio::time::Instant> {
        let now = tokio::time::Instant::now();
        self.deadline.map(|end| end - end.saturating_duration_since(now) / LAST_ANSWER)
    }

    /// What is left of the time of this run.
    pub(super) fn time_left(&self) -> Option<Duration> {
        self.deadline.map(|end| end.saturating_duration_since(tokio::time::Instant::now()))
    }

    /// The call with an id that no other call of this run has: its own, if it has one.
    pub(super) fn with_unique_id(&mut self, mut call: ToolCall) -> ToolCall {
        let mut number = self.call_ids.len();
        while call.id.is_empty() || self.call_ids.contains(&call.id) {
            number += 1;
            call.id = format!("call_{number}");
        }
        self.call_ids.insert(call.id.clone());
        call
    }
}
