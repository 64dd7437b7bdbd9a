use serde::{Deserialize, Serialize};

use crate::llm::Priority;

/// A question to an [`Agent`](crate::Agent).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Request {
    /// The question; must not be blank.
    pub question: String,
    /// The conversation that it belongs to; none for a question on its own.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub session: Option<String>,
    /// Which runs go first at the model.
    #[serde(default)]
    pub priority: Priority,
}

impl Request {
    /// A question on its own.
    pub fn new(question: impl Into<String>) -> Self {
        Self { question: question.into(), session: None, priority: Priority::default() }
    }

    /// The same question as part of a conversation.
    #[must_use]
    pub fn session(mut self, id: impl Into<String>) -> Self {
        self.session = Some(id.into());
        self
    }

    /// The same question with this priority.
    #[must_use]
    pub fn priority(mut self, priority: Priority) -> Self {
        self.priority = priority;
        self
    }
}

impl<T: Into<String>> From<T> for Request {
    fn from(question: T) -> Self {
        Self::new(question)
    }
}
