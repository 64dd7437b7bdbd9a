use std::fmt;
use std::fmt::Debug;

use async_trait::async_trait;
use futures::FutureExt;
use futures::future::BoxFuture;
use serde::{Deserialize, Serialize};

use super::ToolContext;
use crate::Result;
use crate::message::ToolCall;

/// Whether a call may run.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Approval {
    /// It may.
    Approved,
    /// It may not; the model reads why, and can act on it.
    Refused {
        /// Why not, written for the model.
        reason: String,
    },
    /// Nobody has decided yet: the run ends, and can go on later; see [`PendingRun`](crate::PendingRun). A call of a run that
    /// another one began, by a tool or by a hand-off, cannot wait and does not run.
    Pending,
}

impl Approval {
    /// A refusal for this reason.
    pub fn refused(reason: impl Into<String>) -> Self {
        Self::Refused { reason: reason.into() }
    }
}

/// Whoever decides about calls of tools that need an [approval](super::ToolPolicy::approve): a person who is asked, or a
/// rule.
///
/// # Behaviour
///
/// - It is asked about calls whose scopes are granted and whose arguments are valid, once each.
/// - It may take as long as it likes: the timeout of the tool begins afterwards, and only the run's deadline ends it.
/// - `Err`, and a panic, mean that nobody decided: the call does not run, and the model reads why.
///
/// # Cancellation
///
/// The future is dropped when the run is cancelled: the call does not run then.
#[async_trait]
pub trait Approver: Debug + Send + Sync + 'static {
    /// Decides about a call of a run.
    async fn approve(&self, call: &ToolCall, context: &ToolContext) -> Result<Approval>;
}

type Function = Box<dyn Fn(ToolCall, ToolContext) -> BoxFuture<'static, Approval> + Send + Sync>;

/// An async function as an [`Approver`].
///
/// ```
/// use rushlight::tools::{Approval, FunctionApprover};
///
/// let cautious = FunctionApprover::new(async |call, _context| match call.arguments["path"].as_str() {
///     Some(path) if path.starts_with("/tmp/") => Approval::Approved,
///     _ => Approval::refused("only files in /tmp may be deleted"),
/// });
/// ```
pub struct FunctionApprover {
    function: Function,
}

impl FunctionApprover {
    /// Whoever decides as `function` does.
    pub fn new<F, W>(function: F) -> Self
    where
        F: Fn(ToolCall, ToolContext) -> W + Send + Sync + 'static,
        W: Future<Output = Approval> + Send + 'static,
    {
        Self { function: Box::new(move |call, context| function(call, context).boxed()) }
    }
}

impl Debug for FunctionApprover {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("FunctionApprover")
    }
}

#[async_trait]
impl Approver for FunctionApprover {
    async fn approve(&self, call: &ToolCall, context: &ToolContext) -> Result<Approval> {
        Ok((self.function)(call.clone(), context.clone()).await)
    }
}
