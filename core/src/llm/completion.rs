use async_trait::async_trait;
use futures::TryStreamExt;
use serde::{Deserialize, Serialize};

use super::{Llm, Prompt};
use crate::Result;
use crate::message::{ToolCall, Usage};

/// One piece of a generation.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub enum Delta {
    /// More text; whole code points, never empty.
    Text(String),
    /// How likely the model was to begin with a call, from 0 to 1, before it chose: at most once, first. A
    /// [`LocalLlm`](crate::LocalLlm) tells it where a prompt offers tools and leaves the choice. A fenced block counts as the
    /// beginning of a call, since small models write calls so.
    CallProbability(f32),
    /// A complete tool call.
    ToolCall(ToolCall),
    /// The end.
    Done {
        /// Why it ended.
        finish_reason: FinishReason,
        /// What it took.
        usage: Usage,
    },
}

/// Why a generation ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum FinishReason {
    /// The model ended, or a stop string was reached.
    Stop,
    /// The limit of output tokens or the context window was reached.
    Length,
    /// The model waits for the outputs of its tool calls.
    ToolCalls,
    /// A filter of the service withheld the rest: only a [remote model](crate::RemoteLlm) ends so.
    ContentFilter,
}

/// A whole generation: the fold of its [`Delta`]s.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct Completion {
    /// All text.
    pub text: String,
    /// All tool calls, in order.
    pub tool_calls: Vec<ToolCall>,
    /// How likely the model was to begin with a call: [`Delta::CallProbability`].
    pub call_probability: Option<f32>,
    /// Why it ended.
    pub finish_reason: FinishReason,
    /// What it took.
    pub usage: Usage,
}

/// Comfort over any [`Llm`].
#[async_trait]
pub trait LlmExt: Llm {
    /// The whole answer to `prompt`, equal to the fold of what [`Llm::generate`] streams.
    async fn complete(&self, prompt: Prompt) -> Result<Completion> {
        let mut deltas = self.generate(prompt).await?;
        let mut completion = Completion {
            text: String::new(),
            tool_calls: Vec::new(),
            call_probability: None,
            finish_reason: FinishReason::Stop,
            usage: Usage::default(),
        };
        while let Some(delta) = deltas.try_next().await? {
            match delta {
                Delta::Text(text) => completion.text.push_str(&text),
                Delta::ToolCall(call) => completion.tool_calls.push(call),
                Delta::CallProbability(share) => completion.call_probability = Some(share),
                Delta::Done { finish_reason, usage } => {
                    completion.finish_reason = finish_reason;
                    completion.usage = usage;
                }
            }
        }
        Ok(completion)
    }
}

impl<L: Llm + ?Sized> LlmExt for L {}
