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
}

/// A whole generation: the fold of its [`Delta`]s.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct Completion {
    /// All text.
    pub text: String,
    /// All tool calls, in order.
    pub tool_calls: Vec<ToolCall>,
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
            finish_reason: FinishReason::Stop,
            usage: Usage::default(),
        };
        while let Some(delta) = deltas.try_next().await? {
            match delta {
                Delta::Text(text) => completion.text.push_str(&text),
                Delta::ToolCall(call) => completion.tool_calls.push(call),
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
