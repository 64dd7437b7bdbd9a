use serde::{Deserialize, Serialize};

use super::{Citation, PendingRun, RoutedBy};
use crate::llm::FinishReason;
use crate::message::{ToolCall, ToolOutput, Usage};
use crate::observe::Report;
use crate::retrieval::Passage;

/// One step of a run, as the caller sees it.
///
/// The JSON form, `{"type": "text", "text": …}`, is the same in all languages.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "type", rename_all = "snake_case")]
#[non_exhaustive]
pub enum Event {
    /// The passages that the model will see, best first. Sent once by each agent that has a retriever, when the answer
    /// did not come from the cache.
    Retrieved {
        /// The passages; their position plus one is the number by which the answer cites them.
        passages: Vec<Passage>,
    },
    /// More text of the turn. What a turn says before it asks for tools comments on the run; the text of the last
    /// turn, after the last [`ToolOutput`](Self::ToolOutput), is the [`Answer::text`].
    Text {
        /// Whole code points, never empty.
        text: String,
    },
    /// The model asks for a tool, which now starts.
    ToolCall(ToolCall),
    /// A tool has ended.
    ToolOutput(ToolOutput),
    /// Another agent goes on with the conversation; what follows is its own.
    HandedOff {
        /// Its name.
        to: String,
    },
    /// One of several agents was chosen, by a [`Router`](crate::Router); what follows is its own.
    Routed {
        /// Its name.
        to: String,
        /// What chose it.
        by: RoutedBy,
        /// The cosine between the question and the nearest example, where examples chose.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        score: Option<f32>,
    },
    /// The end of the run.
    Done(Box<Answer>),
}

/// The outcome of a run.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Answer {
    /// The text of the last turn; what turns before it said is in their events alone.
    pub text: String,
    /// The passages that the text rests on, in the order of their numbers.
    pub citations: Vec<Citation>,
    /// Why the last generation ended.
    pub finish_reason: FinishReason,
    /// Whether the answer came from the cache.
    pub cached: bool,
    /// Tokens of all turns, and of what tools asked models.
    pub usage: Usage,
    /// Whose answer this is: the last agent to which the conversation was [handed over](crate::AssistantBuilder::hand_off_to),
    /// or that a [router](crate::Router) chose; none if there was no other.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub answered_by: Option<String>,
    /// The run, where calls of its last turn wait for an approval: the text is not the whole answer then, and the session does
    /// not know of the question yet.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub pending: Option<Box<PendingRun>>,
    /// What happened, with times; these differ from run to run and are no part of the JSON form.
    #[serde(skip)]
    pub report: Report,
}

impl Answer {
    /// A whole answer without citations, as an [`Agent`](crate::Agent) of the caller's own may give it.
    pub fn new(text: impl Into<String>) -> Self {
        Self {
            text: text.into(),
            citations: Vec::new(),
            finish_reason: FinishReason::Stop,
            cached: false,
            usage: Usage::default(),
            answered_by: None,
            pending: None,
            report: Report::default(),
        }
    }
}
