use rushlight_models::StopStrings;
use tokio::sync::mpsc::Sender;

use super::choice::{Chosen, Side};
use crate::llm::calls::{CallParser, Piece};
use crate::llm::{Delta, FinishReason};
use crate::message::{ToolCall, Usage};
use crate::{Error, Result};

/// Places for deltas that must be free before a pass, which gives a few: so a writer never waits.
pub(super) const ROOM: usize = 128;

/// Turns generated text into deltas: stop strings end it, tool calls are taken out of it.
#[derive(Debug)]
pub(super) struct Writer {
    stops: StopStrings,
    calls: CallParser,
    next_call: usize,
    deltas: Sender<Result<Delta>>,
    stopped: bool,
}

impl Writer {
    pub(super) fn new(
        stop: &[String],
        calls: CallParser,
        next_call: usize,
        deltas: Sender<Result<Delta>>,
    ) -> Self {
        Self {
            stops: StopStrings::new(stop.iter().map(String::as_str)),
            calls,
            next_call,
            deltas,
            stopped: false,
        }
    }

    pub(super) fn deltas(&self) -> &Sender<Result<Delta>> {
        &self.deltas
    }

    /// Whether the text is over: a stop string was reached, or the model went on after its tool calls.
    pub(super) fn is_over(&self) -> bool {
        self.stopped || self.calls.is_over()
    }

    /// The beginning of a call, as the text that was written last has it, if it is not held to a grammar yet.
    pub(super) fn call_begun(&self) -> Option<&str> {
        self.calls.begun()
    }

    /// Takes note that the text is held to a grammar from the beginning of a call on.
    pub(super) fn hold(&mut self) {
        self.calls.hold();
    }

    /// Tells how the model chose between a call and words; what it says against a call is text.
    pub(super) fn tell(&mut self, chosen: Chosen) {
        if chosen.side == Side::Words {
            self.calls = CallParser::new(Vec::new());
        }
        self.deliver(Ok(Delta::CallProbability(chosen.probability)));
    }

    /// Whether any text is held back.
    pub(super) fn holds_back(&self) -> bool {
        self.calls.holds_back()
    }

    /// Whether what comes next is a part of an answer in words.
    pub(super) fn is_in_words(&self) -> bool {
        !self.calls.holds_back() && !self.calls.has_called()
    }

    /// Forgets the text that is held back: the call that begins there is written anew, held to a grammar.
    pub(super) fn take_back(&mut self) {
        self.stops.finish();
        self.calls.take_back();
    }

    /// Whether the text is held to a grammar: no more once a call is complete.
    pub(super) fn is_held(&self) -> bool {
        self.calls.is_held()
    }

    /// Takes the next text.
    pub(super) fn write(&mut self, text: &str) {
        let passed = self.stops.push(text);
        self.stopped |= passed.stop.is_some();
        let pieces = self.calls.push(&passed.text);
        self.send(pieces);
    }

    /// Gives out what was held back, and says why the text ended; `cut` if a limit ended it.
    pub(super) fn finish(mut self, cut: bool, usage: Usage) {
        let rest = self.stops.finish();
        let mut pieces = self.calls.push(&rest);
        pieces.extend(self.calls.finish(cut));
        self.send(pieces);
        let finish_reason = match cut {
            true => FinishReason::Length,
            false if self.calls.has_called() => FinishReason::ToolCalls,
            false => FinishReason::Stop,
        };
        self.deliver(Ok(Delta::Done { finish_reason, usage }));
    }

    /// Says why the text has no end.
    pub(super) fn fail(self, error: Error) {
        self.deliver(Err(error));
    }

    fn deliver(&self, delta: Result<Delta>) {
        // There is room; whoever is gone does not miss it.
        let _ = self.deltas.try_send(delta);
    }

    fn send(&mut self, pieces: Vec<Piece>) {
        for piece in pieces {
            match piece {
                Piece::Text(text) if text.is_empty() => {}
                Piece::Text(text) => self.deliver(Ok(Delta::Text(text))),
                Piece::Call(call) => {
                    let id = format!("call_{}", self.next_call);
                    self.next_call += 1;
                    self.deliver(Ok(Delta::ToolCall(ToolCall::new(id, call.name, call.arguments))));
                }
            }
        }
    }
}
