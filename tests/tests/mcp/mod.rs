//! The Model Context Protocol: our client and our server with each other, with servers that misbehave, and with the
//! official library for Python.

mod bad_servers;
mod http;
mod official;
mod stdio;

use std::time::Duration;

use rushlight::{ToolCall, ToolOutput, ToolPolicy, ToolRegistry};
use rushlight_mcp::{McpTools, McpToolsOptions, StdioEndpoint};
use serde_json::Value;

/// Our server, over standard streams.
fn ours() -> StdioEndpoint {
    StdioEndpoint::new(env!("CARGO_BIN_EXE_mcp-server"))
}

/// Options with this timeout for calls.
fn within(timeout: Duration) -> McpToolsOptions {
    McpToolsOptions::default().policy(ToolPolicy::default().timeout(timeout))
}

fn names(tools: &McpTools) -> Vec<String> {
    tools.specs().into_iter().map(|spec| spec.name).collect()
}

async fn call(tools: &McpTools, name: &str, arguments: Value) -> ToolOutput {
    tools.invoke(&ToolCall::new("1", name, arguments)).await.unwrap()
}
