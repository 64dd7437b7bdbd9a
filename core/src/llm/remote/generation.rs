use std::collections::{HashSet, VecDeque};
use std::sync::Arc;

use futures::{StreamExt, stream};

use super::calls::OpenCalls;
use super::chunk::{Chunk, Tokens, Wrong, finish_reason};
use super::failure::Failure;
use super::model::{Server, token_estimate};
use crate::Result;
use crate::http::{EventReader, StreamedReply};
use crate::llm::prompt::next_call_number;
use crate::llm::{Delta, DeltaStream, FinishReason, Prompt};
use crate::message::Usage;

/// Bytes of an event: more than the longest arguments that a tool takes.
const MAX_EVENT: usize = 16 << 20;
/// Bytes of a reply: some hundred thousand tokens, each an event.
const MAX_REPLY: usize = 64 << 20;
/// The event behind the last piece.
const DONE: &str = "[DONE]";

/// An answer while it comes.
pub(super) struct Generation {
    server: Arc<Server>,
    /// None when it is over.
    reply: Option<StreamedReply>,
    form: Form,
    /// Bytes of the reply so far.
    length: usize,
    answer: Answer,
    ready: VecDeque<Result<Delta>>,
}

/// How a reply comes.
enum Form {
    Events(EventReader),
    /// In one piece, from a server that does not stream.
    Whole(Vec<u8>),
}

/// What is known of an answer.
struct Answer {
    /// Whether any of it has come.
    has_begun: bool,
    /// Bytes of its text.
    text: usize,
    calls: OpenCalls,
    is_parallel: bool,
    finish_reason: Option<FinishReason>,
    usage: Tokens,
    /// Tokens of the prompt, as they were thought to be.
    input_tokens: usize,
    /// Ids of earlier calls.
    taken: HashSet<String>,
    next_call: usize,
}

impl Generation {
    pub(super) fn new(
        server: Arc<Server>,
        reply: StreamedReply,
        is_whole: bool,
        prompt: &Prompt,
        input_tokens: usize,
    ) -> Self {
        let form = if is_whole { Form::Whole(Vec::new()) } else { Form::Events(EventReader::new(MAX_EVENT)) };
        let calls = prompt.messages.iter().flat_map(|message| &message.tool_calls);
        let answer = Answer {
            has_begun: false,
            text: 0,
            calls: OpenCalls::default(),
            is_parallel: prompt.parallel_calls,
            finish_reason: None,
            usage: Tokens::default(),
            input_tokens,
            taken: calls.map(|call| call.id.clone()).collect(),
            next_call: next_call_number(&prompt.messages),
        };
        Self { server, reply: Some(reply), form, length: 0, answer, ready: VecDeque::new() }
    }

    pub(super) fn into_deltas(self) -> DeltaStream {
        stream::unfold(self, async |mut generation| Some((generation.next().await?, generation))).boxed()
    }

    async fn next(&mut self) -> Option<Result<Delta>> {
        loop {
            if let Some(delta) = self.ready.pop_front() {
                return Some(delta);
            }
            match self.reply.as_mut()?.next().await {
                Ok(Some(bytes)) => self.take(&bytes),
                Ok(None) => self.take_end(),
                Err(interruption) => self.fail(self.server.interrupted(interruption)),
            }
        }
    }

    fn take(&mut self, bytes: &[u8]) {
        self.length += bytes.len();
        if self.length > MAX_REPLY {
            return self.fail(
                self.server
                    .failed(format!("expected an answer of at most {MAX_REPLY} bytes, got a longer one")),
            );
        }
        match &mut self.form {
            Form::Whole(reply) => reply.extend_from_slice(bytes),
            Form::Events(events) => {
                for event in events.push(bytes) {
                    self.take_event(event);
                }
            }
        }
    }

    fn take_end(&mut self) {
        match &mut self.form {
            Form::Whole(reply) => {
                let text = String::from_utf8(std::mem::take(reply));
                let text =
                    text.map_err(|error| format!("expected an answer in UTF-8, got other bytes: {error}"));
                self.take_event(text);
                self.end();
            }
            Form::Events(events) => {
                if let Some(event) = events.finish() {
                    self.take_event(event);
                }
                if self.answer.finish_reason.is_some() {
                    self.end();
                } else if self.reply.is_some() {
                    self.fail(Failure::passing("its answer broke off: it ends without a finish reason"));
                }
            }
        }
    }

    /// Takes what an event says; nothing once the answer is over.
    fn take_event(&mut self, event: Result<String, String>) {
        if self.reply.is_none() {
            return;
        }
        match event {
            Ok(data) if data.trim() == DONE => self.end(),
            Ok(data) => {
                let input_tokens = self.answer.input_tokens;
                match Chunk::read(&data) {
                    Ok(chunk) => match self.answer.take(chunk) {
                        Ok(text) => self.ready.extend(text.map(|text| Ok(Delta::Text(text)))),
                        Err(message) => self.fail(self.server.failed(message)),
                    },
                    Err(Wrong::Form(message)) => self.fail(self.server.failed(message)),
                    Err(Wrong::Error(error)) => self.fail(self.server.told(&error, input_tokens)),
                }
            }
            Err(message) => self.fail(self.server.failed(message)),
        }
    }

    fn fail(&mut self, failure: Failure) {
        self.reply = None;
        self.ready.push_back(Err(failure.error(&self.server.name)));
    }

    /// Gives out what was kept for the end, unless the answer is over.
    fn end(&mut self) {
        if !self.answer.has_begun && self.reply.is_some() {
            self.fail(self.server.failed("expected a chat completion, got a reply without any choice"));
        } else if let Some(reply) = self.reply.take() {
            reply.finish();
            self.ready.extend(self.answer.end().into_iter().map(Ok));
        }
    }
}

impl Answer {
    /// Takes a piece; gives its text.
    fn take(&mut self, mut chunk: Chunk) -> Result<Option<String>, String> {
        if let Some(usage) = chunk.usage.take() {
            self.usage = usage;
        }
        let Some((said, reason)) = chunk.said() else { return Ok(None) };
        self.has_begun = true;
        if let Some(reason) = reason.filter(|reason| !reason.is_empty()) {
            self.finish_reason = Some(finish_reason(&reason)?);
        }
        for fragment in said.tool_calls.into_iter().flatten() {
            self.calls.push(fragment)?;
        }
        let text = said.content.into_iter().chain(said.refusal).collect::<String>();
        self.text += text.len();
        Ok((!text.is_empty()).then_some(text))
    }

    /// The calls, and the end.
    fn end(&mut self) -> Vec<Delta> {
        let length = self.text + self.calls.len();
        let open = std::mem::take(&mut self.calls);
        let mut calls = open.finish(std::mem::take(&mut self.taken), self.next_call);
        if !self.is_parallel && calls.len() > 1 {
            tracing::warn!(calls = calls.len(), "the server gives several calls although one was asked for");
            calls.truncate(1);
        }
        let finish_reason = match self.finish_reason {
            Some(reason @ (FinishReason::Length | FinishReason::ContentFilter)) => reason,
            _ if calls.is_empty() => FinishReason::Stop,
            _ => FinishReason::ToolCalls,
        };
        if self.usage.prompt_tokens.is_none() || self.usage.completion_tokens.is_none() {
            tracing::warn!(
                "the server does not tell what an answer took: its tokens are counted by their bytes"
            );
        }
        let usage = Usage::new(
            self.usage.prompt_tokens.unwrap_or(self.input_tokens),
            self.usage.completion_tokens.unwrap_or(token_estimate(length)),
            self.usage.cached_tokens(),
        );
        calls.into_iter().map(Delta::ToolCall).chain([Delta::Done { finish_reason, usage }]).collect()
    }
}
