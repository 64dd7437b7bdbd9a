//! Tools of other programs.

mod connection;
mod content;
mod endpoint;
mod group;
mod http;
mod line;
mod listing;
mod message_id;
mod options;
mod process;
mod tool;
mod tools;
mod watch;

pub use endpoint::{HttpEndpoint, McpEndpoint, StdioEndpoint};
pub use listing::RefusedTool;
pub use options::McpToolsOptions;
pub use tool::McpTool;
pub use tools::McpTools;

/// Bytes of one message that is read at most, over any transport.
const MAX_MESSAGE: usize = 16 << 20;
