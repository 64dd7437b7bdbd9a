use std::time::Duration;

use rushlight::ToolPolicy;
use serde::{Deserialize, Serialize};

/// Which tools of a server are taken, and what keeps them in check.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
#[non_exhaustive]
pub struct McpToolsOptions {
    /// What the names of the tools begin with here, so that those of several servers differ. Default: nothing.
    pub prefix: String,
    /// The tools that are taken, by the server's names. Default: all.
    pub allow: Option<Vec<String>>,
    /// What keeps the calls of each tool in check. Default: a timeout of 30 seconds, and 10 calls at once.
    pub policy: ToolPolicy,
    /// How long connecting and listing the tools may take. Default 30 s.
    pub connect_timeout: Duration,
}

impl McpToolsOptions {
    /// The same with this prefix.
    #[must_use]
    pub fn prefix(mut self, prefix: impl Into<String>) -> Self {
        self.prefix = prefix.into();
        self
    }

    /// The same with these tools alone.
    #[must_use]
    pub fn allow<S: Into<String>>(mut self, names: impl IntoIterator<Item = S>) -> Self {
        self.allow = Some(names.into_iter().map(Into::into).collect());
        self
    }

    /// The same with this policy, in place of the default one.
    #[must_use]
    pub fn policy(mut self, policy: ToolPolicy) -> Self {
        self.policy = policy;
        self
    }

    /// The same with this much time to connect.
    #[must_use]
    pub fn connect_timeout(mut self, timeout: Duration) -> Self {
        self.connect_timeout = timeout;
        self
    }
}

impl Default for McpToolsOptions {
    fn default() -> Self {
        Self {
            prefix: String::new(),
            allow: None,
            policy: ToolPolicy::default().timeout(Duration::from_secs(30)).concurrency(10),
            connect_timeout: Duration::from_secs(30),
        }
    }
}
