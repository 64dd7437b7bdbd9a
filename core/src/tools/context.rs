use std::collections::{BTreeMap, BTreeSet};

use tokio::time::Instant;

use crate::llm::Priority;
use crate::retrieval::Filter;

use super::Approval;

/// For whom tools are called: what a registry may know of a run beside the call, and a tool that asks others hands on.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct ToolContext {
    /// The conversation of the run, if it belongs to one.
    pub session: Option<String>,
    /// The conversation for which it was begun, by a tool or a hand-off of another run. What is counted for each conversation
    /// is counted for this one; nothing is remembered in it.
    pub on_behalf_of: Option<String>,
    /// What the run was granted; see [`grants`](Self::grants).
    pub scopes: BTreeSet<String>,
    /// Whether tools only say what they would do; see [`ToolPolicy::dry_run`](super::ToolPolicy::dry_run).
    pub dry_run: bool,
    /// Which runs go first at the model.
    pub priority: Priority,
    /// Which passages the run may find.
    pub filter: Option<Filter>,
    /// When tools are stopped, so that the run has time for its last answer; by tokio's clock.
    pub deadline: Option<Instant>,
    /// How many agents ask each other by tools until this run; 0 for a run that nobody's tool began.
    pub depth: usize,
    /// What was decided about calls, by their ids; their approver is not asked.
    pub decisions: BTreeMap<String, Approval>,
    /// Whether a call about which nobody [has decided](Approval::Pending) ends with [`ToolStatus::Pending`](crate::ToolStatus),
    /// rather than not being run at all.
    pub may_wait: bool,
}

impl ToolContext {
    /// No session, and nothing granted.
    pub fn new() -> Self {
        Self::default()
    }

    /// The same in this conversation.
    #[must_use]
    pub fn session(mut self, id: impl Into<String>) -> Self {
        self.session = Some(id.into());
        self
    }

    /// The same with these scopes granted, in place of those before.
    #[must_use]
    pub fn scopes<S: Into<String>>(mut self, scopes: impl IntoIterator<Item = S>) -> Self {
        self.scopes = scopes.into_iter().map(Into::into).collect();
        self
    }

    /// The same for a dry run.
    #[must_use]
    pub fn dry_run(mut self) -> Self {
        self.dry_run = true;
        self
    }

    /// Whether `scope` was granted: by its name, or by a beginning of it that ends with `*`. `read:*` grants
    /// `read:code`, and `*` grants everything. Upper and lower case differ.
    pub fn grants(&self, scope: &str) -> bool {
        self.scopes.contains(scope)
            || self.scopes.iter().any(|granted| {
                granted.strip_suffix('*').is_some_and(|beginning| scope.starts_with(beginning))
            })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_scope_is_granted_by_name_or_by_its_beginning() {
        let context = ToolContext::new().scopes(["read:*", "write:notes"]);

        for granted in ["read:code", "read:", "write:notes"] {
            assert!(context.grants(granted), "{granted}");
        }
        for missing in ["read", "READ:code", "write:notes2", "write:", ""] {
            assert!(!context.grants(missing), "{missing}");
        }
        assert!(ToolContext::new().scopes(["*"]).grants("anything"));
        assert!(!ToolContext::new().grants("anything"));
    }
}
