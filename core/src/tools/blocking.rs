use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use futures::channel::oneshot;
use tokio::runtime::Handle;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use crate::{Error, Result};

/// How many pieces of [`blocking`] work run at once, in the whole process.
pub const MAX_BLOCKING_CALLS: usize = 64;

static SLOTS: Semaphore = Semaphore::const_new(MAX_BLOCKING_CALLS);

tokio::task_local! {
    static PROGRESS: Arc<Progress>;
}

/// Runs the blocking part of a tool on a thread for such work: what
/// [`FunctionTool::blocking`](crate::FunctionTool::blocking) does, for a [`Tool`](crate::Tool) of the caller's own.
///
/// At most [`MAX_BLOCKING_CALLS`] run at once; one more waits. The threads are none of tokio's: tools that hang
/// take nothing from whatever else blocks, and do not hold up the end of the runtime. A panic of `work` goes on
/// in the caller.
///
/// # Errors
///
/// [`Error::Foreign`] when the system gives no thread.
///
/// # Cancellation
///
/// Dropping the future while it waits means that `work` never starts. Once started, `work` runs to its end, holds
/// its place until then, and its value is thrown away.
pub async fn blocking<T: Send + 'static>(work: impl FnOnce() -> T + Send + 'static) -> Result<T> {
    let progress = PROGRESS.try_with(Arc::clone).unwrap_or_default();
    let waiting = Counted::new(&progress, |progress| &progress.waiting);
    let slot = SLOTS.acquire().await.map_err(|_| Error::Stopped { what: "the threads of tools" })?;
    let running = Counted::new(&progress, |progress| &progress.running);
    drop(waiting);
    let (sender, receiver) = oneshot::channel();
    let runtime = Handle::try_current().ok();
    let thread = std::thread::Builder::new().name("rushlight-tool".to_owned()).spawn(move || {
        let _context = runtime.as_ref().map(Handle::enter);
        let outcome = catch_unwind(AssertUnwindSafe(work));
        drop((slot, running));
        // Nobody hears the outcome when the call was dropped.
        let _ = sender.send(outcome);
    });
    thread
        .map_err(|error| Error::Foreign { what: "a thread for a tool".to_owned(), source: error.into() })?;
    match receiver.await {
        Ok(Ok(value)) => Ok(value),
        Ok(Err(panic)) => resume_unwind(panic),
        Err(_) => Err(Error::Stopped { what: "the thread of a tool" }),
    }
}

/// What the blocking parts of one tool call are doing.
#[derive(Debug, Default)]
pub(super) struct Progress {
    waiting: AtomicUsize,
    running: AtomicUsize,
    /// The call's place among those that run at once. Whatever still runs of the call shares this value.
    _place: Option<OwnedSemaphorePermit>,
}

impl Progress {
    pub(super) fn new(place: Option<OwnedSemaphorePermit>) -> Self {
        Self { _place: place, ..Self::default() }
    }

    /// `call`, whose blocking parts are counted here.
    pub(super) fn of<F: Future>(self: Arc<Self>, call: F) -> impl Future<Output = F::Output> {
        PROGRESS.scope(self, call)
    }

    /// Whether a part waits for a thread.
    pub(super) fn is_waiting(&self) -> bool {
        self.waiting.load(Ordering::SeqCst) > 0
    }

    /// Whether a part has a thread.
    pub(super) fn is_running(&self) -> bool {
        self.running.load(Ordering::SeqCst) > 0
    }
}

/// Counts for as long as it lives.
struct Counted {
    progress: Arc<Progress>,
    count: fn(&Progress) -> &AtomicUsize,
}

impl Counted {
    fn new(progress: &Arc<Progress>, count: fn(&Progress) -> &AtomicUsize) -> Self {
        count(progress).fetch_add(1, Ordering::SeqCst);
        Self { progress: Arc::clone(progress), count }
    }
}

impl Drop for Counted {
    fn drop(&mut self) {
        (self.count)(&self.progress).fetch_sub(1, Ordering::SeqCst);
    }
}

#[cfg(test)]
mod tests {
    use std::sync::mpsc;
    use std::time::Duration;

    use super::*;
    use crate::{FunctionTool, NoArguments, ToolCall, ToolRegistry, ToolStatus, Toolbox};

    /// Takes every slot; ends with the sender.
    fn occupy() -> mpsc::Sender<()> {
        let (sender, receiver) = mpsc::channel::<()>();
        let receiver = Arc::new(std::sync::Mutex::new(receiver));
        for _ in 0..MAX_BLOCKING_CALLS {
            let receiver = Arc::clone(&receiver);
            tokio::spawn(blocking(move || {
                let _ = receiver.lock().map(|receiver| receiver.recv());
            }));
        }
        sender
    }

    #[tokio::test]
    async fn a_call_without_a_free_thread_is_answered_and_never_starts() {
        let (started, starts) = mpsc::channel();
        let quick = FunctionTool::blocking("quick", "", move |_: NoArguments| started.send(()));
        let toolbox = Toolbox::new().add(quick).unwrap().timeout(Duration::from_millis(50));
        let call = ToolCall::new("1", "quick", serde_json::json!({}));
        let hung = occupy();
        while SLOTS.available_permits() > 0 {
            tokio::task::yield_now().await;
        }

        let busy = toolbox.invoke(&call).await.unwrap();
        drop(hung);
        let free = toolbox.timeout(Duration::from_secs(5)).invoke(&call).await.unwrap();

        assert_eq!(busy.status, ToolStatus::Timeout);
        assert_eq!(busy.content, "`quick` got no thread within 50ms: all 64 for blocking tools are busy");
        assert_eq!(free.status, ToolStatus::Success);
        assert_eq!(starts.try_iter().count(), 1);
    }
}
