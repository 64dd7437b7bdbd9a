//! What the agent can do: functions that the model may call.

mod blocking;
pub mod builtin;
mod function;
#[cfg(feature = "macros")]
#[doc(hidden)]
pub mod macros;
mod schema;
mod shared;
mod task;
mod toolbox;

use std::fmt::Debug;
use std::time::Duration;

use async_trait::async_trait;

pub use blocking::{MAX_BLOCKING_CALLS, blocking};
pub use function::{FunctionTool, NoArguments};
pub use task::CallFuture;
pub use toolbox::Toolbox;

use crate::Result;
use crate::message::{ToolCall, ToolOutput, ToolSpec};

/// One tool.
///
/// # Behaviour
///
/// - [`invoke`](Tool::invoke) gets arguments that were validated against the schema of
///   [`spec`](Tool::spec).
/// - `Err` means that the tool failed; its text, with causes, is shown to the model.
/// - What blocks a thread belongs into [`blocking`], which bounds it and tells the registry that it goes on.
///
/// # Cancellation
///
/// Dropping the future stops the tool: at a timeout, and when the run is cancelled. Blocking work that has begun
/// cannot be stopped; it runs to its end unheard.
#[async_trait]
pub trait Tool: Debug + Send + Sync + 'static {
    /// What the model is told; the same at every call.
    fn spec(&self) -> &ToolSpec;

    /// Runs the tool and gives its value as text.
    async fn invoke(&self, call: &ToolCall) -> Result<String>;

    /// How long one call may run; none leaves it to the registry. Default none.
    fn timeout(&self) -> Option<Duration> {
        None
    }
}

/// The tools that a run may use.
///
/// # Behaviour
///
/// - [`specs`](ToolRegistry::specs) lists tools in a stable order with unique names.
/// - [`invoke`](ToolRegistry::invoke) answers every call: an unknown name, invalid arguments, an error, a
///   panic and a timeout are outputs with the matching [`ToolStatus`](crate::ToolStatus) and a text from which the model can mend
///   its call. `Err` is reserved for failures of the registry itself, for example a lost connection.
/// - It never runs a tool whose arguments do not fit its schema.
///
/// # Cancellation
///
/// Dropping the future stops the tool, as [`Tool`] says.
#[async_trait]
pub trait ToolRegistry: Debug + Send + Sync + 'static {
    /// The tools on offer.
    fn specs(&self) -> Vec<ToolSpec>;

    /// Runs one call to its end.
    async fn invoke(&self, call: &ToolCall) -> Result<ToolOutput>;
}
