use futures::stream::BoxStream;
use futures::{Stream, StreamExt, TryStreamExt, stream};
use serde::Deserialize;
use serde_json::Value;

use super::scripted::no_arguments;
use super::{Delta, DeltaStream, FinishReason};
use crate::message::{ToolCall, Usage};
use crate::{Error, Result};

/// The generation of a model outside of Rust, from its pieces in JSON. `what` names the model in errors.
///
/// A piece is a text, or an object of one of these types:
///
/// - `{"type": "text", "text": …}`; empty text is left out;
/// - `{"type": "tool_call", "name": …, "arguments": …, "id": …}`; without an id, the run gives it one;
/// - `{"type": "done", "finish_reason": …, "usage": …}`, the last, where the reason is `tool_calls` if there were
///   any, else `stop`, and tokens that are not told are 0.
///
/// Pieces that end without `done` end as if it had told nothing. Nothing is taken after the end or an error: the
/// pieces are dropped then, and with the stream.
pub fn from_pieces(
    what: impl Into<String>,
    pieces: impl Stream<Item = Result<Value>> + Send + 'static,
) -> DeltaStream {
    let pieces = Pieces { what: what.into(), pieces: pieces.boxed(), has_calls: false };
    let deltas = stream::unfold(Some(pieces), async |pieces| {
        let mut pieces = pieces?;
        let delta = pieces.next().await;
        let is_last = matches!(delta, Err(_) | Ok(Delta::Done { .. }));
        Some((delta, (!is_last).then_some(pieces)))
    });
    deltas.boxed()
}

struct Pieces {
    what: String,
    pieces: BoxStream<'static, Result<Value>>,
    has_calls: bool,
}

#[derive(Deserialize)]
#[serde(tag = "type", rename_all = "snake_case", deny_unknown_fields)]
enum Piece {
    Text {
        text: String,
    },
    ToolCall {
        #[serde(default)]
        id: String,
        name: String,
        #[serde(default = "no_arguments")]
        arguments: Value,
    },
    Done {
        finish_reason: Option<FinishReason>,
        #[serde(default)]
        usage: Tokens,
    },
}

#[derive(Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
struct Tokens {
    input_tokens: usize,
    output_tokens: usize,
    cached_tokens: usize,
}

impl Pieces {
    async fn next(&mut self) -> Result<Delta> {
        while let Some(piece) = self.pieces.try_next().await? {
            match self.read(piece)? {
                Piece::Text { text } if text.is_empty() => {}
                Piece::Text { text } => return Ok(Delta::Text(text)),
                Piece::ToolCall { id, name, arguments } => {
                    self.has_calls = true;
                    return Ok(Delta::ToolCall(ToolCall::new(id, name, arguments)));
                }
                Piece::Done { finish_reason, usage } => return Ok(self.done(finish_reason, &usage)),
            }
        }
        Ok(self.done(None, &Tokens::default()))
    }

    fn read(&self, piece: Value) -> Result<Piece> {
        match piece {
            Value::String(text) => Ok(Piece::Text { text }),
            piece => Piece::deserialize(&piece).map_err(|error| {
                let message = format!("expected text or a delta, got `{piece}`: {error}");
                Error::Foreign { what: self.what.clone(), source: message.into() }
            }),
        }
    }

    fn done(&self, finish_reason: Option<FinishReason>, usage: &Tokens) -> Delta {
        let default = if self.has_calls { FinishReason::ToolCalls } else { FinishReason::Stop };
        let usage = Usage::new(usage.input_tokens, usage.output_tokens, usage.cached_tokens);
        Delta::Done { finish_reason: finish_reason.unwrap_or(default), usage }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    async fn deltas(pieces: Vec<Value>) -> Vec<Result<Delta>> {
        from_pieces("the model", stream::iter(pieces.into_iter().map(Ok))).collect().await
    }

    async fn end(pieces: Vec<Value>) -> Delta {
        deltas(pieces).await.pop().unwrap().unwrap()
    }

    fn done(finish_reason: FinishReason, usage: Usage) -> Delta {
        Delta::Done { finish_reason, usage }
    }

    #[tokio::test]
    async fn pieces_are_text_calls_and_an_end() {
        let pieces = vec![
            json!("Let "),
            json!(""),
            json!({"type": "text", "text": "me."}),
            json!({"type": "tool_call", "name": "add", "arguments": {"a": 1}}),
            json!({"type": "tool_call", "name": "now", "id": "7"}),
            json!({"type": "done", "finish_reason": "length", "usage": {"output_tokens": 5}}),
            json!("never"),
        ];

        let deltas: Result<Vec<Delta>> = deltas(pieces).await.into_iter().collect();

        assert_eq!(
            deltas.unwrap(),
            [
                Delta::Text("Let ".to_owned()),
                Delta::Text("me.".to_owned()),
                Delta::ToolCall(ToolCall::new("", "add", json!({"a": 1}))),
                Delta::ToolCall(ToolCall::new("7", "now", json!({}))),
                done(FinishReason::Length, Usage::new(0, 5, 0)),
            ]
        );
    }

    #[tokio::test]
    async fn an_end_that_tells_nothing_may_be_left_out() {
        let call = json!({"type": "tool_call", "name": "now"});
        let usage = Usage::default();

        assert_eq!(end(vec![]).await, done(FinishReason::Stop, usage));
        assert_eq!(end(vec![json!({"type": "done"})]).await, done(FinishReason::Stop, usage));
        assert_eq!(end(vec![call]).await, done(FinishReason::ToolCalls, usage));
    }

    #[tokio::test]
    async fn what_is_no_piece_is_the_last_and_says_why() {
        let wrong = [
            (json!(7), "the model failed: expected text or a delta, got `7`"),
            (
                json!({"type": "txt", "text": "a"}),
                "unknown variant `txt`, expected one of `text`, `tool_call`, `done`",
            ),
            (json!({"type": "tool_call"}), "missing field `name`"),
            (json!({"type": "done", "reason": "stop"}), "unknown field `reason`"),
        ];
        for (piece, words) in wrong {
            let found = deltas(vec![json!("a"), piece, json!("b")]).await;
            assert_eq!(found.len(), 2);
            let message = found[1].as_ref().unwrap_err().chain();
            assert!(message.contains(words), "{message}");
        }
    }
}
