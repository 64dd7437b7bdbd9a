use std::fmt;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use async_trait::async_trait;
use futures::{StreamExt, stream};
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::prompt::next_call_number;
use super::{Delta, DeltaStream, FinishReason, Llm, Prompt};
use crate::message::{ToolCall, Usage};
use crate::{Error, Result};

/// What a [`ScriptedLlm`] answers to one prompt.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
#[non_exhaustive]
pub struct ScriptedTurn {
    /// The pieces of the text, each one delta; empty pieces are left out.
    pub text: Vec<String>,
    /// The tool calls that follow the text.
    pub tool_calls: Vec<ScriptedCall>,
    /// Why the generation ends. Default: `tool_calls` if there are any, else `stop`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub finish_reason: Option<FinishReason>,
    /// Ends the generation with an [`Error::Foreign`] of this text, after text and calls.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub error: Option<String>,
    /// Milliseconds to wait before each delta.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub delay_ms: Option<u64>,
}

/// A tool call of a [`ScriptedTurn`].
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[non_exhaustive]
pub struct ScriptedCall {
    /// The tool's name.
    pub name: String,
    /// The arguments, as the model would write them. Default `{}`.
    #[serde(default = "no_arguments")]
    pub arguments: Value,
}

pub(super) fn no_arguments() -> Value {
    Value::Object(serde_json::Map::new())
}

impl ScriptedTurn {
    /// A turn that says `text` in one piece.
    pub fn text(text: impl Into<String>) -> Self {
        Self { text: vec![text.into()], ..Self::default() }
    }

    /// A turn that asks for one tool.
    pub fn call(name: impl Into<String>, arguments: Value) -> Self {
        Self::default().and_call(name, arguments)
    }

    /// A turn that fails.
    pub fn error(message: impl Into<String>) -> Self {
        Self { error: Some(message.into()), ..Self::default() }
    }

    /// The same turn with one more tool call.
    #[must_use]
    pub fn and_call(mut self, name: impl Into<String>, arguments: Value) -> Self {
        self.tool_calls.push(ScriptedCall { name: name.into(), arguments });
        self
    }

    /// The same turn with a pause before each delta.
    #[must_use]
    pub fn delay(mut self, delay: Duration) -> Self {
        self.delay_ms = Some(u64::try_from(delay.as_millis()).unwrap_or(u64::MAX));
        self
    }

    /// What the prompt's calls so far make of this turn.
    fn deltas(self, prompt: &Prompt) -> Vec<Result<Delta>> {
        let text: String = self.text.concat();
        let output_tokens = words(&text) + self.tool_calls.len();
        let input_tokens = prompt.messages.iter().map(|message| words(&message.content)).sum();
        let first = next_call_number(&prompt.messages);
        let finish_reason = self.finish_reason.unwrap_or(if self.tool_calls.is_empty() {
            FinishReason::Stop
        } else {
            FinishReason::ToolCalls
        });
        let texts = self.text.into_iter().filter(|piece| !piece.is_empty()).map(Delta::Text);
        let calls = self.tool_calls.into_iter().enumerate().map(|(index, call)| {
            Delta::ToolCall(ToolCall::new(format!("call_{}", first + index), call.name, call.arguments))
        });
        let end = match self.error {
            Some(message) => {
                Err(Error::Foreign { what: "the scripted model".to_owned(), source: message.into() })
            }
            None => Ok(Delta::Done { finish_reason, usage: Usage::new(input_tokens, output_tokens, 0) }),
        };
        texts.chain(calls).map(Ok).chain([end]).collect()
    }
}

/// A model that says what it was told to say: for tests, examples and benchmarks.
///
/// Each generation takes the next turn of the script; a generation after the last turn is refused with
/// [`Error::Invalid`]. Tokens are words between white space, and a tool call counts as one. Calls are
/// numbered `call_1`, `call_2`… from the last question in the prompt. Copies of the handle share the script.
#[derive(Clone)]
pub struct ScriptedLlm {
    script: Arc<Script>,
    context_window: usize,
}

struct Script {
    turns: Mutex<std::vec::IntoIter<ScriptedTurn>>,
    prompts: Mutex<Vec<Prompt>>,
    deltas: AtomicUsize,
}

impl ScriptedLlm {
    /// A model with this script and a context window of 32 768 words.
    pub fn new(turns: Vec<ScriptedTurn>) -> Self {
        let script = Script {
            turns: Mutex::new(turns.into_iter()),
            prompts: Mutex::default(),
            deltas: AtomicUsize::new(0),
        };
        Self { script: Arc::new(script), context_window: 32_768 }
    }

    /// The same model with another context window, in words.
    #[must_use]
    pub fn with_context_window(mut self, words: usize) -> Self {
        self.context_window = words;
        self
    }

    /// Every prompt that was accepted, oldest first.
    pub fn prompts(&self) -> Vec<Prompt> {
        held(&self.script.prompts).clone()
    }

    /// How many deltas, ends and errors included, were taken from all streams: it stands still once nobody
    /// reads them.
    pub fn deltas(&self) -> usize {
        self.script.deltas.load(Ordering::SeqCst)
    }
}

impl fmt::Debug for ScriptedLlm {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let left = held(&self.script.turns).len();
        formatter.debug_struct("ScriptedLlm").field("turns_left", &left).finish_non_exhaustive()
    }
}

#[async_trait]
impl Llm for ScriptedLlm {
    async fn generate(&self, prompt: Prompt) -> Result<DeltaStream> {
        prompt.validate()?;
        let got = prompt.messages.iter().map(|message| words(&message.content)).sum();
        if got > self.context_window {
            return Err(Error::ContextTooLong { limit: self.context_window, got });
        }
        let turn = held(&self.script.turns).next().ok_or_else(|| {
            let turns = held(&self.script.prompts).len();
            Error::invalid("script", format!("expected at most {turns} generations, got one more"))
        })?;
        let delay = turn.delay_ms.map(Duration::from_millis);
        let deltas = turn.deltas(&prompt);
        held(&self.script.prompts).push(prompt);
        let script = Arc::clone(&self.script);
        let stream = stream::iter(deltas).then(move |delta| {
            let script = Arc::clone(&script);
            async move {
                if let Some(delay) = delay {
                    tokio::time::sleep(delay).await;
                }
                script.deltas.fetch_add(1, Ordering::SeqCst);
                delta
            }
        });
        Ok(stream.boxed())
    }

    fn context_window(&self) -> usize {
        self.context_window
    }

    fn count_tokens(&self, text: &str) -> Result<usize> {
        Ok(words(text))
    }

    fn name(&self) -> &'static str {
        "scripted"
    }
}

fn words(text: &str) -> usize {
    text.split_whitespace().count()
}

fn held<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
