use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::llm::Priority;
use crate::retrieval::Filter;
use crate::tools::ToolContext;

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
    /// Which passages may be found; all of them if there is none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub filter: Option<Filter>,
    /// A JSON Schema that the answer has to fit; none for an answer in words.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub schema: Option<Value>,
    /// What the run is granted, for tools that need [scopes](crate::ToolPolicy::scopes); a `*` at the end of one stands
    /// for any rest. Nothing by default.
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    pub scopes: BTreeSet<String>,
    /// Whether tools only say what they would do.
    #[serde(default, skip_serializing_if = "is_false")]
    pub dry_run: bool,
}

impl Request {
    /// A question on its own.
    pub fn new(question: impl Into<String>) -> Self {
        Self {
            question: question.into(),
            session: None,
            priority: Priority::default(),
            filter: None,
            schema: None,
            scopes: BTreeSet::new(),
            dry_run: false,
        }
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

    /// The same question, answered from the passages that match `filter`.
    #[must_use]
    pub fn filter(mut self, filter: Filter) -> Self {
        self.filter = Some(filter);
        self
    }

    /// The same question, answered by JSON that fits this schema.
    #[must_use]
    pub fn schema(mut self, schema: Value) -> Self {
        self.schema = Some(schema);
        self
    }

    /// The same question, granted these scopes in place of those before.
    #[must_use]
    pub fn scopes<S: Into<String>>(mut self, scopes: impl IntoIterator<Item = S>) -> Self {
        self.scopes = scopes.into_iter().map(Into::into).collect();
        self
    }

    /// The same question as a dry run: tools only say what they would do.
    #[must_use]
    pub fn dry_run(mut self) -> Self {
        self.dry_run = true;
        self
    }

    /// What tools may know of the run.
    pub(super) fn tool_context(&self) -> ToolContext {
        let mut context = ToolContext::new().scopes(&self.scopes);
        context.session.clone_from(&self.session);
        context.dry_run = self.dry_run;
        context
    }
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde passes a reference")]
fn is_false(value: &bool) -> bool {
    !value
}

impl<T: Into<String>> From<T> for Request {
    fn from(question: T) -> Self {
        Self::new(question)
    }
}
