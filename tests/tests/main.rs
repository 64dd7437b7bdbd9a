//! Everything that is tested through the public API, as one program.

#![expect(clippy::unwrap_used, reason = "these are tests")]

mod agent;
mod architecture;
mod builtin;
mod cache;
mod choices;
mod chunks;
mod contracts;
mod grammar;
mod local;
mod mcp;
mod model_life;
mod policy;
mod prefix;
mod quantize;
mod registry;
mod remote_llm;
mod retrieval;
mod scenarios;
mod session;
mod slos;
mod speculation;
mod tool_macro;
mod tool_metrics;
mod tools;
