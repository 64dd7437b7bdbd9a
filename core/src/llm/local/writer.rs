use rushlight_models::StopStrings;
use tokio::sync::mpsc::Sender;

use crate::Result;
use crate::llm::calls::{CallParser, Piece};
use crate::llm::{Delta, FinishReason};
use crate::message::ToolCall;

/// Turns generated text into deltas: stop strings end it, tool calls are taken out of it.
#[derive(Debug)]
pub(super) struct Writer {
    stops: StopStrings,
    calls: CallParser,
    next_call: usize,
    deltas: Sender<Result<Delta>>,
    stopped: bool,
}

/// Nobody reads the deltas any more.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Gone;

impl Writer {
    pub(super) fn new(
        stop: &[String],
        tools: Vec<String>,
        next_call: usize,
        deltas: Sender<Result<Delta>>,
    ) -> Self {
        Self {
            stops: StopStrings::new(stop.iter().map(String::as_str)),
            calls: CallParser::new(tools),
            next_call,
            deltas,
            stopped: false,
        }
    }

    /// Whether nobody reads any more.
    pub(super) fn is_gone(&self) -> bool {
        self.deltas.is_closed()
    }

    /// Whether the text is over: a stop string was reached, or the model went on after its tool calls.
    pub(super) fn is_over(&self) -> bool {
        self.stopped || self.calls.is_over()
    }

    /// Takes the next text.
    pub(super) fn write(&mut self, text: &str) -> Result<(), Gone> {
        let passed = self.stops.push(text);
        self.stopped |= passed.stop.is_some();
        let pieces = self.calls.push(&passed.text);
        self.send(pieces)
    }

    /// Gives out what was held back, and says why the text ended; `cut` if a limit ended it.
    pub(super) fn finish(&mut self, cut: bool) -> Result<FinishReason, Gone> {
        let rest = self.stops.finish();
        let mut pieces = self.calls.push(&rest);
        pieces.extend(self.calls.finish(cut));
        self.send(pieces)?;
        Ok(match cut {
            true => FinishReason::Length,
            false if self.calls.has_called() => FinishReason::ToolCalls,
            false => FinishReason::Stop,
        })
    }

    /// Hands one delta on; waits while the reader is too far behind.
    pub(super) fn deliver(&self, delta: Result<Delta>) -> Result<(), Gone> {
        self.deltas.blocking_send(delta).map_err(|_closed| Gone)
    }

    fn send(&mut self, pieces: Vec<Piece>) -> Result<(), Gone> {
        for piece in pieces {
            match piece {
                Piece::Text(text) if text.is_empty() => {}
                Piece::Text(text) => self.deliver(Ok(Delta::Text(text)))?,
                Piece::Call(call) => {
                    let id = format!("call_{}", self.next_call);
                    self.next_call += 1;
                    self.deliver(Ok(Delta::ToolCall(ToolCall::new(id, call.name, call.arguments))))?;
                }
            }
        }
        Ok(())
    }
}
