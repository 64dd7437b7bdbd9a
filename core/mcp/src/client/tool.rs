use std::sync::Arc;

use async_trait::async_trait;
use rushlight::{Result, Tool, ToolCall, ToolPolicy, ToolSpec};

use super::connection::Connection;
use super::content::{OutputSchema, text};

/// A tool of a server, for a [`Toolbox`](rushlight::Toolbox) that has others, too.
///
/// Dropping a call tells the server that nobody waits for it any more. What the server says of its progress is passed over.
#[derive(Debug, Clone)]
#[must_use]
pub struct McpTool {
    spec: ToolSpec,
    /// The server's name for it.
    name: String,
    promised: Option<Arc<OutputSchema>>,
    policy: ToolPolicy,
    connection: Arc<Connection>,
}

impl McpTool {
    pub(super) fn new(
        spec: ToolSpec,
        name: String,
        promised: Option<OutputSchema>,
        policy: ToolPolicy,
        connection: Arc<Connection>,
    ) -> Self {
        Self { spec, name, promised: promised.map(Arc::new), policy, connection }
    }

    /// The name that the server calls it by.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The same with this policy, in place of that of the [options](super::McpToolsOptions::policy).
    pub fn policy(mut self, policy: ToolPolicy) -> Self {
        self.policy = policy;
        self
    }
}

#[async_trait]
impl Tool for McpTool {
    fn spec(&self) -> &ToolSpec {
        &self.spec
    }

    async fn invoke(&self, call: &ToolCall) -> Result<String> {
        let arguments = call.arguments.as_object().cloned().unwrap_or_default();
        let result = self.connection.call(&self.name, arguments).await?;
        text(&result, self.promised.as_deref()).map_err(|reason| self.connection.failed(reason))
    }

    fn policy(&self) -> ToolPolicy {
        self.policy.clone()
    }
}
