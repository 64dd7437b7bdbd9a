use std::sync::Arc;

use rmcp::model::{
    CallToolRequestParams, CallToolResponse, ErrorData, Implementation, ListToolsResult,
    PaginatedRequestParams, ServerCapabilities, ServerConfig, Tool,
};
use rmcp::service::RequestContext;
use rmcp::{RoleServer, ServerHandler};
use rushlight::ToolSpec;
use serde_json::Value;
use tokio::sync::Semaphore;

use super::McpServer;
use super::answer::answer;

/// Calls that run at once.
const MAX_CALLS: usize = 64;

/// Our half of the protocol: what a client may ask.
#[derive(Debug, Clone)]
pub(super) struct Protocol {
    server: Arc<McpServer>,
    places: Arc<Semaphore>,
}

impl Protocol {
    pub(super) fn new(server: McpServer) -> Self {
        Self { server: Arc::new(server), places: Arc::new(Semaphore::new(MAX_CALLS)) }
    }
}

impl ServerHandler for Protocol {
    fn get_info(&self) -> ServerConfig {
        let capabilities = ServerCapabilities::builder().enable_tools().build();
        let us = Implementation::new(&self.server.name, env!("CARGO_PKG_VERSION"));
        let config = ServerConfig::new(capabilities).with_server_info(us);
        match &self.server.instructions {
            Some(instructions) => config.with_instructions(instructions),
            None => config,
        }
    }

    async fn list_tools(
        &self,
        _page: Option<PaginatedRequestParams>,
        _context: RequestContext<RoleServer>,
    ) -> Result<ListToolsResult, ErrorData> {
        let specs = self.server.specs().await;
        let specs = specs.map_err(|error| ErrorData::internal_error(error.chain(), None))?;
        Ok(ListToolsResult::with_all_items(specs.into_iter().map(tool).collect()))
    }

    async fn call_tool(
        &self,
        params: CallToolRequestParams,
        context: RequestContext<RoleServer>,
    ) -> Result<CallToolResponse, ErrorData> {
        // The semaphore is never closed.
        let _place = self.places.acquire().await;
        answer(&self.server, params, &context).await.map(CallToolResponse::Complete)
    }
}

fn tool(spec: ToolSpec) -> Tool {
    let parameters = match spec.parameters {
        Value::Object(parameters) => parameters,
        // No registry gives another, since calls have objects as arguments.
        _ => serde_json::Map::new(),
    };
    Tool::new(spec.name, spec.description, Arc::new(parameters))
}
