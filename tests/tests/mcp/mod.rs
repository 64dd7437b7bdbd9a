//! The Model Context Protocol: our client and our server with each other, with servers that misbehave, and with the
//! official library for Python.

mod bad_servers;
mod http;
mod official;
mod stdio;

use std::time::Duration;

use rushlight::{FunctionTool, NoArguments, ToolCall, ToolOutput, ToolPolicy, ToolRegistry, Toolbox};
use rushlight_mcp::{McpTools, McpToolsOptions, StdioEndpoint};
use serde_json::Value;
use tokio::sync::mpsc;

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

/// Tells when it is dropped.
struct Guard(mpsc::UnboundedSender<&'static str>);

impl Drop for Guard {
    fn drop(&mut self) {
        self.0.send("dropped").ok();
    }
}

/// The tool `slow`, which never ends, and tells when it is started and when it is dropped.
fn never_ending() -> (Toolbox, mpsc::UnboundedReceiver<&'static str>) {
    let (tells, told) = mpsc::unbounded_channel();
    let slow = FunctionTool::new("slow", "", move |_: NoArguments| {
        tells.send("started").unwrap();
        let guard = Guard(tells.clone());
        async move {
            let _guard = guard;
            std::future::pending::<Result<(), String>>().await
        }
    });
    (Toolbox::new().add(slow).unwrap().timeout(Duration::from_hours(1)), told)
}
