use std::sync::Arc;
use std::time::Duration;

use rmcp::model::{
    CallToolRequestParams, CallToolResponse, CallToolResult, ClientCapabilities, ClientConfig, ClientRequest,
    Implementation, JsonObject, ListToolsRequest, PaginatedRequestParams, ProtocolVersion,
};
use rmcp::service::{
    ClientInitializeError, ClientLifecycleMode, ClientServiceExt, NotificationContext, Peer, RunningService,
    ServiceError,
};
use rmcp::{ClientHandler, RoleClient};
use rushlight::{Error, Result};
use serde::Deserialize;
use serde_json::Value;
use tokio::sync::Notify;

use super::process::Process;
use super::{McpEndpoint, http};
use crate::failure::failed;

/// Tools that one server may list.
const MAX_TOOLS: usize = 1024;

/// A server that answers.
#[derive(Debug)]
pub(super) struct Connection {
    service: RunningService<RoleClient, Client>,
    /// What errors call the server.
    what: String,
}

/// Our half of the protocol: what a server may tell us.
#[derive(Debug)]
pub(super) struct Client {
    /// Told when the tools have changed.
    changed: Arc<Notify>,
}

/// A page of a list of tools, of which some may be malformed.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Page {
    tools: Vec<Value>,
    next_cursor: Option<String>,
}

impl Connection {
    /// Connects by the newest revision of the protocol that both know.
    pub(super) async fn open(endpoint: &McpEndpoint, changed: Arc<Notify>) -> Result<Self> {
        let what = format!("MCP server `{endpoint}`");
        let client = Client { changed };
        let lifecycle = ClientLifecycleMode::Auto {
            preferred_versions: vec![ProtocolVersion::LATEST],
            legacy_version: Some(ProtocolVersion::LATEST_WITH_INITIALIZE),
        };
        let service = match endpoint {
            McpEndpoint::Stdio(endpoint) => {
                client.serve_with_lifecycle(Process::start(endpoint)?, lifecycle).await
            }
            McpEndpoint::Http(endpoint) => {
                client.serve_with_lifecycle(http::transport(endpoint)?, lifecycle).await
            }
        };
        let is_program = matches!(endpoint, McpEndpoint::Stdio(_));
        match service {
            Ok(service) => Ok(Self { service, what }),
            Err(ClientInitializeError::ConnectionClosed(_)) => Err(ended(&what)),
            Err(ClientInitializeError::TransportError { .. }) if is_program => Err(ended(&what)),
            Err(ClientInitializeError::TransportError { error, .. }) => {
                Err(failed(&what, http::cause(&error)))
            }
            Err(error) => Err(failed(&what, &error)),
        }
    }

    /// All tools that the server lists, as it describes them.
    pub(super) async fn list(&self) -> Result<Vec<Value>> {
        let mut tools = Vec::new();
        let mut cursor = None;
        loop {
            let mut page = self.page(cursor.take()).await?;
            tools.append(&mut page.tools);
            if tools.len() > MAX_TOOLS {
                return Err(self.failed(format!("expected at most {MAX_TOOLS} tools, got more")));
            }
            match page.next_cursor {
                Some(next) => cursor = Some(next),
                None => return Ok(tools),
            }
        }
    }

    /// A page of the list. It is read from JSON here, since the library drops a page of which one tool is malformed.
    async fn page(&self, cursor: Option<String>) -> Result<Page> {
        let params = PaginatedRequestParams::default().with_cursor(cursor);
        let request = ListToolsRequest { params: Some(params), ..ListToolsRequest::default() };
        let result = self.peer().send_request(ClientRequest::ListToolsRequest(request)).await;
        let page = result.map_err(|error| self.refused(&error))?;
        let page = serde_json::to_value(page).and_then(serde_json::from_value);
        page.map_err(|error| self.failed(format!("expected a list of tools: {error}")))
    }

    /// Calls a tool. Dropping the future tells the server that nobody waits any more.
    pub(super) async fn call(&self, name: &str, arguments: JsonObject) -> Result<CallToolResult> {
        let params = CallToolRequestParams::new(name.to_owned()).with_arguments(arguments);
        match self.peer().call_tool_once(params).await {
            Ok(CallToolResponse::Complete(result)) => Ok(result),
            Ok(_) => Err(self.failed("it asks for more input, which nobody can give")),
            Err(ServiceError::UnexpectedResponse) => Err(self.failed("its answer is no result of a tool")),
            Err(error) => Err(self.refused(&error)),
        }
    }

    /// Ends the connection, and a program that was started for it.
    pub(super) async fn close(&self, within: Duration) {
        self.service.cancellation_token().cancel();
        _ = tokio::time::timeout(within, async {
            while !self.is_closed() {
                tokio::time::sleep(Duration::from_millis(5)).await;
            }
        })
        .await;
    }

    pub(super) fn is_closed(&self) -> bool {
        self.peer().is_transport_closed()
    }

    pub(super) fn peer(&self) -> &Peer<RoleClient> {
        self.service.peer()
    }

    /// The revision of the protocol that is spoken.
    pub(super) fn protocol_version(&self) -> String {
        self.peer().peer_info().map(|info| info.protocol_version.to_string()).unwrap_or_default()
    }

    pub(super) fn failed(&self, reason: impl Into<String>) -> Error {
        Error::Foreign { what: self.what.clone(), source: reason.into().into() }
    }

    fn refused(&self, error: &ServiceError) -> Error {
        match error {
            ServiceError::McpError(error) => self.failed(error.message.as_ref()),
            ServiceError::TransportClosed => ended(&self.what),
            ServiceError::TransportSend(error) => failed(&self.what, http::cause(error)),
            error => failed(&self.what, error),
        }
    }
}

fn ended(what: &str) -> Error {
    Error::Foreign { what: what.to_owned(), source: "it has ended the connection".into() }
}

impl ClientHandler for Client {
    fn get_info(&self) -> ClientConfig {
        let us = Implementation::new("rushlight", env!("CARGO_PKG_VERSION"));
        ClientConfig::new(ClientCapabilities::default(), us)
    }

    async fn on_tool_list_changed(&self, _context: NotificationContext<RoleClient>) {
        self.changed.notify_one();
    }
}
