use std::collections::BTreeSet;
use std::time::Duration;

use serde::{Deserialize, Serialize};
use serde_json::Value;
use tokio::time::Instant;

use super::Citing;
use super::pending::Resumed;
use crate::duration;
use crate::llm::{Priority, ToolChoice};
use crate::message::Message;
use crate::retrieval::Filter;
use crate::tools::ToolContext;

/// A question to an [`Agent`](crate::Agent).
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Request {
    /// The question; must not be blank.
    pub question: String,
    /// The conversation that it belongs to; none for a question on its own.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub session: Option<String>,
    /// What was said before, after what the session remembers; not stored. A call whose output is missing gets one that says
    /// so, and an output without its call is left out.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub history: Vec<Message>,
    /// Which runs go first at the model.
    #[serde(default, skip_serializing_if = "is_default")]
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
    #[serde(default, skip_serializing_if = "is_default")]
    pub dry_run: bool,
    /// Whether the model may, must or must not ask for tools. Where it must, it does so in its first turn, and may after
    /// that.
    #[serde(default, skip_serializing_if = "is_default")]
    pub tool_choice: ToolChoice,
    /// Whether the model may ask for several tools in one turn. Default true.
    #[serde(default = "yes", skip_serializing_if = "Clone::clone")]
    pub parallel_calls: bool,
    /// How likely the model must be to begin a turn with a call for it to call, from 0 to 1: below that it answers in words.
    /// [`Report::call_probability`](crate::observe::Report) tells how likely it was. Default: none, as the sampler chooses.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub call_threshold: Option<f32>,
    /// Which passages a local model may cite by their numbers. Not beside a [`schema`](Self::schema). Default: free.
    #[serde(default, skip_serializing_if = "is_default")]
    pub citing: Citing,
    /// Wall time of the run, where the [limits](crate::Limits) of the agent admit more. In JSON a number of seconds, or
    /// text such as `30s`.
    #[serde(default, with = "duration::optional", skip_serializing_if = "Option::is_none")]
    pub deadline: Option<Duration>,
    /// How many agents ask each other by [tools](crate::AgentTool), or hand over to each other, until this one; 0 for a
    /// question of a person. No part of the JSON form.
    #[serde(skip)]
    pub depth: usize,
    /// The session for which another run asks; none if that is its own. No part of the JSON form.
    #[serde(skip)]
    pub(super) on_behalf_of: Option<String>,
    /// The run that it goes on with; [`PendingRun::decide`](crate::PendingRun::decide) makes such a request.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) resumed: Option<Box<Resumed>>,
}

impl Request {
    /// A question on its own.
    pub fn new(question: impl Into<String>) -> Self {
        Self {
            question: question.into(),
            session: None,
            history: Vec::new(),
            priority: Priority::default(),
            filter: None,
            schema: None,
            scopes: BTreeSet::new(),
            dry_run: false,
            tool_choice: ToolChoice::default(),
            parallel_calls: true,
            call_threshold: None,
            citing: Citing::default(),
            deadline: None,
            depth: 0,
            on_behalf_of: None,
            resumed: None,
        }
    }

    /// A question that a tool asks in the name of a run: with all that the run was granted and may spend, one level
    /// deeper, and in no conversation.
    pub fn of_tool(question: impl Into<String>, context: &ToolContext) -> Self {
        Self {
            priority: context.priority,
            filter: context.filter.clone(),
            scopes: context.scopes.clone(),
            dry_run: context.dry_run,
            deadline: context.deadline.map(|end| end.saturating_duration_since(Instant::now())),
            depth: context.depth + 1,
            on_behalf_of: context.session.clone().or_else(|| context.on_behalf_of.clone()),
            ..Self::new(question)
        }
    }

    /// The same question as part of a conversation.
    #[must_use]
    pub fn session(mut self, id: impl Into<String>) -> Self {
        self.session = Some(id.into());
        self
    }

    /// The same question after these messages.
    #[must_use]
    pub fn history(mut self, messages: impl IntoIterator<Item = Message>) -> Self {
        self.history = messages.into_iter().collect();
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

    /// The same question with this choice about tools.
    #[must_use]
    pub fn tool_choice(mut self, choice: ToolChoice) -> Self {
        self.tool_choice = choice;
        self
    }

    /// The same question, with several calls in one turn or not.
    #[must_use]
    pub fn parallel_calls(mut self, parallel: bool) -> Self {
        self.parallel_calls = parallel;
        self
    }

    /// The same question, for which the model has to be this likely to begin a call, from 0 to 1, if it is to call.
    #[must_use]
    pub fn call_threshold(mut self, threshold: f32) -> Self {
        self.call_threshold = Some(threshold);
        self
    }

    /// The same question, whose answer cites passages by their numbers like this.
    #[must_use]
    pub fn citing(mut self, citing: Citing) -> Self {
        self.citing = citing;
        self
    }

    /// The same question, with less time than the agent admits.
    #[must_use]
    pub fn deadline(mut self, after: Duration) -> Self {
        self.deadline = Some(after);
        self
    }

    /// What tools may know of the run.
    pub(super) fn tool_context(&self) -> ToolContext {
        let mut context = ToolContext::new().scopes(&self.scopes);
        context.session.clone_from(&self.session);
        context.on_behalf_of.clone_from(&self.on_behalf_of);
        context.filter.clone_from(&self.filter);
        context.dry_run = self.dry_run;
        context.priority = self.priority;
        context.depth = self.depth;
        context.may_wait = self.depth == 0;
        context
    }
}

fn yes() -> bool {
    true
}

fn is_default<T: Default + PartialEq>(value: &T) -> bool {
    *value == T::default()
}

impl<T: Into<String>> From<T> for Request {
    fn from(question: T) -> Self {
        Self::new(question)
    }
}
