use std::sync::{Arc, PoisonError, RwLock};
use std::time::Duration;

use async_trait::async_trait;
use rushlight::{Error, Result, ToolCall, ToolContext, ToolOutput, ToolRegistry, ToolSpec, ToolStatus};
use tokio::sync::Notify;
use tokio::task::JoinSet;
use tokio::time::timeout;

use super::connection::Connection;
use super::listing::Listing;
use super::{McpEndpoint, McpTool, McpToolsOptions, RefusedTool, watch};

/// The tools of an MCP server, as a registry.
///
/// What the server says is data. A tool whose description or schema cannot be used is [refused](Self::refused), and the
/// others stay. Arguments are validated here before they are sent, an output is cut like that of any tool, and a call of a
/// server that is gone is [`Unavailable`](ToolStatus::Unavailable).
///
/// When the server says that its tools have changed they are listed again, at most once a second; what policies had counted
/// begins anew then. Copies of the handle share the connection, which ends with the last of them and of its tools.
#[derive(Debug, Clone)]
pub struct McpTools {
    shared: Arc<Shared>,
    /// Listens for changes until the last copy is dropped.
    _listening: Arc<JoinSet<()>>,
}

/// What the handle and the task that lists again have in common.
#[derive(Debug)]
pub(super) struct Shared {
    connection: Arc<Connection>,
    options: McpToolsOptions,
    listing: RwLock<Arc<Listing>>,
}

impl McpTools {
    /// Connects to a server and lists its tools.
    ///
    /// # Errors
    ///
    /// [`Error::Io`]: the program cannot be started. [`Error::Timeout`]: the server does not answer in time.
    /// [`Error::Invalid`]: the URL or a header cannot be used. [`Error::Unknown`]: an allowed tool is not there.
    /// [`Error::Foreign`]: the server refuses, ends or is not one of this protocol.
    pub async fn connect(endpoint: impl Into<McpEndpoint>, options: McpToolsOptions) -> Result<Self> {
        let (endpoint, within) = (endpoint.into(), options.connect_timeout);
        let connected = timeout(within, Self::connected(&endpoint, options));
        connected.await.map_err(|_| Error::Timeout { what: "connecting to the MCP server", after: within })?
    }

    async fn connected(endpoint: &McpEndpoint, options: McpToolsOptions) -> Result<Self> {
        let changed = Arc::new(Notify::new());
        let connection = Arc::new(Connection::open(endpoint, Arc::clone(&changed)).await?);
        let listing = Listing::new(connection.list().await?, &options, &connection);
        check_allowed(&listing, &options)?;
        let listing = RwLock::new(Arc::new(listing));
        let shared = Arc::new(Shared { connection, options, listing });
        let mut listening = JoinSet::new();
        listening.spawn(watch::listen(shared.connection.peer().clone(), Arc::clone(&changed)));
        listening.spawn(watch::list_again(Arc::downgrade(&shared), changed));
        Ok(Self { shared, _listening: Arc::new(listening) })
    }

    /// The tools one by one, to add them to a [`Toolbox`](rushlight::Toolbox) that has others. Such a toolbox keeps what it
    /// was given, also when the server changes its tools.
    pub fn tools(&self) -> Vec<McpTool> {
        self.shared.listing().tools.clone()
    }

    /// The tools that the server lists and that cannot be used.
    pub fn refused(&self) -> Vec<RefusedTool> {
        self.shared.listing().refused.clone()
    }

    /// The revision of the protocol that is spoken, for example `2026-07-28`.
    pub fn protocol_version(&self) -> String {
        self.shared.connection.protocol_version()
    }

    /// Lists the tools again.
    pub async fn refresh(&self) -> Result<()> {
        self.shared.refresh().await
    }

    /// Ends the connection, also for copies of the handle, and a program that was started for it. Waits five seconds for
    /// that at most. Calls that run fail.
    pub async fn close(&self) {
        self.shared.connection.close(Duration::from_secs(5)).await;
    }
}

impl Shared {
    fn listing(&self) -> Arc<Listing> {
        Arc::clone(&self.listing.read().unwrap_or_else(PoisonError::into_inner))
    }

    pub(super) async fn refresh(&self) -> Result<()> {
        let within = self.options.connect_timeout;
        let listed = timeout(within, self.connection.list()).await;
        let listed = listed
            .map_err(|_| Error::Timeout { what: "listing the tools of the MCP server", after: within })??;
        let listing = Listing::new(listed, &self.options, &self.connection);
        *self.listing.write().unwrap_or_else(PoisonError::into_inner) = Arc::new(listing);
        Ok(())
    }
}

/// An allowed tool that is not there is a mistake of whoever allowed it.
fn check_allowed(listing: &Listing, options: &McpToolsOptions) -> Result<()> {
    let names: Vec<&str> = listing.tools.iter().map(McpTool::name).collect();
    let refused: Vec<&str> = listing.refused.iter().map(|tool| tool.name.as_str()).collect();
    let known = |name: &str| names.contains(&name) || refused.contains(&name);
    match options.allow.iter().flatten().find(|name| !known(name)) {
        None => Ok(()),
        Some(name) => Err(Error::Unknown {
            what: "tool of the MCP server",
            name: name.clone(),
            known: names.join(", "),
        }),
    }
}

#[async_trait]
#[deny(clippy::missing_trait_methods)]
impl ToolRegistry for McpTools {
    fn specs(&self) -> Vec<ToolSpec> {
        self.shared.listing().toolbox.specs()
    }

    async fn invoke(&self, call: &ToolCall) -> Result<ToolOutput> {
        self.invoke_for(call, &ToolContext::new()).await
    }

    async fn specs_for(&self, context: &ToolContext) -> Result<Vec<ToolSpec>> {
        self.shared.listing().toolbox.specs_for(context).await
    }

    async fn invoke_for(&self, call: &ToolCall, context: &ToolContext) -> Result<ToolOutput> {
        let listing = self.shared.listing();
        let mut output = listing.toolbox.invoke_for(call, context).await?;
        if output.status == ToolStatus::Error && self.shared.connection.is_closed() {
            output.status = ToolStatus::Unavailable;
        }
        Ok(output)
    }
}
