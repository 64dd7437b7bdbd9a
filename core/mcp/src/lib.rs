//! The Model Context Protocol: tools of other programs for our agents, and ours for theirs.
//!
//! [`McpTools`] connects to a server and is a registry of its tools. [`McpServer`] offers tools, documents and an agent to
//! whoever connects. Both speak revision 2026-07-28 of the protocol and those before it, over the standard streams of a
//! process or over HTTP.
//!
//! ```no_run
//! use rushlight::{Assistant, ScriptedLlm};
//! use rushlight_mcp::{McpTools, McpToolsOptions, StdioEndpoint};
//!
//! # async fn example() -> rushlight::Result<()> {
//! let server = StdioEndpoint::new("python3").arg("server.py");
//! let tools = McpTools::connect(server, McpToolsOptions::default()).await?;
//! let assistant = Assistant::builder(ScriptedLlm::new(vec![])).tools(tools).build()?;
//! # Ok(())
//! # }
//! ```
//!
//! A crate of its own, so that what it needs stays out of `rushlight`; no type of the protocol's library is in its API.

#![forbid(unsafe_code)]

mod client;
mod failure;
mod server;

pub use client::{HttpEndpoint, McpEndpoint, McpTool, McpTools, McpToolsOptions, RefusedTool, StdioEndpoint};
pub use server::{AskOptions, McpHttpOptions, McpHttpServer, McpServer};
