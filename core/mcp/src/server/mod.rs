//! Ours for other programs.

mod answer;
mod ask;
mod http;
mod offer;
mod protocol;
mod stdio;

pub use ask::AskOptions;
pub use http::{McpHttpOptions, McpHttpServer};
pub use offer::McpServer;
