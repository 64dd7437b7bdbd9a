use std::sync::Arc;

use rushlight::{ToolSpec, Toolbox};
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::connection::Connection;
use super::content::OutputSchema;
use super::{McpTool, McpToolsOptions};

/// Bytes of a description: it is part of every prompt.
const MAX_DESCRIPTION: usize = 16 << 10;

/// A tool of a server that is not offered to the model, and why.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct RefusedTool {
    /// The server's name for it; empty if it has none.
    pub name: String,
    /// What was found and what was expected.
    pub reason: String,
}

/// The tools of a server that can be used, in its order, and those that cannot.
#[derive(Debug, Default)]
pub(super) struct Listing {
    pub(super) tools: Vec<McpTool>,
    pub(super) toolbox: Toolbox,
    pub(super) refused: Vec<RefusedTool>,
}

/// What of a server's description of a tool is used.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase", expecting = "an object")]
struct Described {
    name: String,
    #[serde(default)]
    description: Option<String>,
    input_schema: Value,
    #[serde(default)]
    output_schema: Option<Value>,
}

impl Listing {
    /// Takes what can be used of `listed` and is allowed.
    pub(super) fn new(listed: Vec<Value>, options: &McpToolsOptions, connection: &Arc<Connection>) -> Self {
        let mut listing = Self::default();
        for value in listed {
            let name = value.get("name").and_then(Value::as_str).unwrap_or_default().to_owned();
            if options.allow.as_ref().is_some_and(|allowed| !allowed.contains(&name)) {
                continue;
            }
            let taken = tool(value, options, connection).and_then(|tool| listing.take(tool));
            if let Err(reason) = taken {
                tracing::warn!(tool = name, reason, "a tool of an MCP server is refused");
                listing.refused.push(RefusedTool { name, reason });
            }
        }
        listing
    }

    /// Adds a tool, unless the toolbox refuses its name or its schema.
    fn take(&mut self, tool: McpTool) -> Result<(), String> {
        self.toolbox = self.toolbox.clone().add(tool.clone()).map_err(|error| error.chain())?;
        self.tools.push(tool);
        Ok(())
    }
}

fn tool(value: Value, options: &McpToolsOptions, connection: &Arc<Connection>) -> Result<McpTool, String> {
    let described: Described = serde_json::from_value(value)
        .map_err(|error| format!("expected the description of a tool: {error}"))?;
    let description = described.description.unwrap_or_default();
    if description.len() > MAX_DESCRIPTION {
        let found = description.len();
        return Err(format!("expected at most {MAX_DESCRIPTION} bytes of description, got {found}"));
    }
    // Names may have dots and slashes there, and models call none that do.
    let name = format!("{}{}", options.prefix, described.name.replace(['.', '/'], "_"));
    let promised = described.output_schema.as_ref().map(OutputSchema::compile).transpose()?;
    let spec = ToolSpec::new(name, description, described.input_schema);
    Ok(McpTool::new(spec, described.name, promised, options.policy.clone(), Arc::clone(connection)))
}
