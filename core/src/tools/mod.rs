//! What the agent can do: functions that the model may call.

mod approval;
mod blocking;
pub mod builtin;
mod canonical;
mod choices;
mod context;
mod ending;
mod function;
mod invocation;
#[cfg(feature = "macros")]
#[doc(hidden)]
pub mod macros;
mod member;
mod policy;
mod schema;
mod shared;
mod task;
mod toolbox;

use std::fmt::Debug;

use async_trait::async_trait;

pub use approval::{Approval, Approver, FunctionApprover};
pub use blocking::{MAX_BLOCKING_CALLS, blocking};
pub(crate) use canonical::canonical;
pub use choices::Choices;
pub use context::ToolContext;
pub use function::{FunctionTool, NoArguments};
pub(crate) use member::{LONGEST_NAME, check_name};
pub use policy::{CircuitBreaker, Rate, RateExcess, RateKey, ResultCache, ToolPolicy};
pub use task::CallFuture;
pub use toolbox::Toolbox;

use crate::Result;
use crate::message::{ToolCall, ToolOutput, ToolSpec, ToolStatus};

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
    /// What the model is told, but for what [`choices`](Tool::choices) add; the same at every call.
    fn spec(&self) -> &ToolSpec;

    /// Runs the tool and gives its value as text.
    async fn invoke(&self, call: &ToolCall) -> Result<String>;

    /// The same for a run: for a tool that needs to know more of it than the call, or says how it ended. A registry calls
    /// this one. Default: the value of [`invoke`](Tool::invoke), as a success.
    async fn invoke_for(&self, call: &ToolCall, _context: &ToolContext) -> Result<ToolOutput> {
        Ok(ToolOutput::new(call, ToolStatus::Success, self.invoke(call).await?))
    }

    /// What a call would do, as the end of a sentence, for a [dry run](ToolContext::dry_run): for a tool that has rules of
    /// its own. It does nothing of it. `Err` means that the call would fail. Default: none, and the model reads that the
    /// tool would have run with these arguments.
    async fn preview(&self, _call: &ToolCall, _context: &ToolContext) -> Result<Option<String>> {
        Ok(None)
    }

    /// Of what its value for a call is made beside the arguments: a text that is another one as soon as a kept value would be
    /// wrong, for example the size and time of a file. A tool with a [cache](ToolPolicy::cache) is asked before each call; it
    /// may take as long as a call. `Err` means that it cannot be told: the tool runs, and its value is not kept. Default: always
    /// the same text.
    async fn version(&self, _call: &ToolCall) -> Result<String> {
        Ok(String::new())
    }

    /// Parameters whose values change while the program runs; read once, when the tool is added to a registry. Default: none.
    fn choices(&self) -> Vec<Choices> {
        Vec::new()
    }

    /// What keeps its calls in check; read once, when the tool is added to a registry. Default: what the registry says.
    fn policy(&self) -> ToolPolicy {
        ToolPolicy::default()
    }
}

/// The tools that a run may use.
///
/// # Behaviour
///
/// - [`specs`](ToolRegistry::specs) lists tools in a stable order with unique names.
/// - [`invoke`](ToolRegistry::invoke) answers every call: an unknown name, invalid arguments, an error, a
///   panic and a timeout are outputs with the matching [`ToolStatus`] and a text from which the model can mend
///   its call. `Err` is reserved for failures of the registry itself, for example a lost connection.
/// - It never runs a tool whose arguments do not fit its schema, or that needs a scope which was not granted.
/// - A run calls [`specs_for`](ToolRegistry::specs_for) and [`invoke_for`](ToolRegistry::invoke_for). A registry that
///   treats all runs alike leaves them out; one that wraps another hands them on, or its tools see runs that were
///   granted nothing.
///
/// # Cancellation
///
/// Dropping the future stops the tool, as [`Tool`] says.
#[async_trait]
pub trait ToolRegistry: Debug + Send + Sync + 'static {
    /// The tools on offer to whoever was granted nothing, without the [choices](Tool::choices) that they have now.
    fn specs(&self) -> Vec<ToolSpec>;

    /// Runs one call to its end, for whoever was granted nothing.
    async fn invoke(&self, call: &ToolCall) -> Result<ToolOutput>;

    /// The tools on offer to a run, with the choices that they have now. `Err`: they cannot be told, and the run ends. Default:
    /// [`specs`](ToolRegistry::specs).
    async fn specs_for(&self, _context: &ToolContext) -> Result<Vec<ToolSpec>> {
        Ok(self.specs())
    }

    /// Runs one call of a run to its end. Default: [`invoke`](ToolRegistry::invoke).
    async fn invoke_for(&self, call: &ToolCall, _context: &ToolContext) -> Result<ToolOutput> {
        self.invoke(call).await
    }
}
