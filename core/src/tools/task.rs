use std::fmt;
use std::future::poll_fn;
use std::pin::Pin;
use std::sync::{Arc, Mutex, PoisonError, TryLockError};
use std::task::{Context, Poll};

use futures::FutureExt;
use futures::future::BoxFuture;
use tokio::runtime::{Handle, RuntimeFlavor};
use tokio::sync::OwnedSemaphorePermit;
use tokio::task::{JoinError, JoinHandle};
use tracing::Instrument;

use super::blocking::Progress;
use crate::Result;
use crate::message::ToolOutput;

/// The work of one tool call, as [`Toolbox::call_scope`](crate::Toolbox::call_scope) gets it.
pub type CallFuture = BoxFuture<'static, Result<ToolOutput>>;

/// A tool call on a task of its own, which is stopped when this is dropped.
///
/// A tool that blocks its thread blocks nothing else, where the runtime has several threads: what waits for it
/// can stop waiting.
pub(super) struct CallTask {
    work: Arc<Mutex<Option<CallFuture>>>,
    progress: Arc<Progress>,
    task: JoinHandle<Result<ToolOutput>>,
}

/// What became of a call that nobody waits for any more.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Stopped {
    /// Its future was dropped.
    Cancelled,
    /// It blocks a thread and goes on until it gives it back.
    Running,
    /// It was waiting for a thread, and will not get one.
    Waiting,
}

impl CallTask {
    /// Starts `call` on the current runtime; `scope` wraps what the task runs, and `place` is given back when nothing of
    /// it runs any more.
    pub(super) fn spawn(
        call: CallFuture,
        scope: Option<&CallScope>,
        place: Option<OwnedSemaphorePermit>,
    ) -> Self {
        let progress = Arc::new(Progress::new(place));
        let work = Arc::clone(&progress).of(call).in_current_span().boxed();
        let work = Arc::new(Mutex::new(Some(match scope {
            Some(scope) => (scope.0)(work),
            None => work,
        })));
        let polled = Arc::clone(&work);
        let task = tokio::spawn(poll_fn(move |context| poll(&polled, context)));
        Self { work, progress, task }
    }

    /// Drops the call's future: at once, unless it is blocking a thread right now; then when it gives it back.
    pub(super) fn stop(&self) -> Stopped {
        self.task.abort();
        let was_waiting = self.progress.is_waiting();
        let work = match self.work.try_lock() {
            Ok(mut work) => work.take(),
            Err(TryLockError::Poisoned(poisoned)) => poisoned.into_inner().take(),
            Err(TryLockError::WouldBlock) => return Stopped::Running,
        };
        drop(work);
        match (self.progress.is_running(), was_waiting) {
            (true, _) => Stopped::Running,
            (false, true) => Stopped::Waiting,
            (false, false) => Stopped::Cancelled,
        }
    }
}

impl Drop for CallTask {
    fn drop(&mut self) {
        self.stop();
    }
}

impl Future for CallTask {
    type Output = Result<Result<ToolOutput>, JoinError>;

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        self.task.poll_unpin(context)
    }
}

/// Polls the work, if it was not stopped meanwhile, where it may block.
fn poll(work: &Mutex<Option<CallFuture>>, context: &mut Context<'_>) -> Poll<Result<ToolOutput>> {
    let mut work = work.lock().unwrap_or_else(PoisonError::into_inner);
    let Some(future) = work.as_mut() else {
        return Poll::Pending;
    };
    match Handle::current().runtime_flavor() {
        RuntimeFlavor::MultiThread => tokio::task::block_in_place(|| future.poll_unpin(context)),
        _ => future.poll_unpin(context),
    }
}

/// Wraps the work of every call of a toolbox.
#[derive(Clone)]
pub(super) struct CallScope(pub(super) Arc<dyn Fn(CallFuture) -> CallFuture + Send + Sync>);

impl fmt::Debug for CallScope {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("CallScope")
    }
}
