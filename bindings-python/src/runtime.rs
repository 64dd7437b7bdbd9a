//! The one door to the core: every call that may take long passes through [`wait`] (sync) or [`run`] (async).
//!
//! Both put the same future on tokio's threads, where it runs without the interpreter lock, and drop it when
//! nobody waits any more: dropping is cancelling.

use std::future::Future;
use std::ops::Deref;
use std::pin::Pin;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, OnceLock};
use std::task::{Context, Poll, Wake, Waker};
use std::time::{Duration, Instant};

use pyo3::prelude::*;
use pyo3::types::PyCFunction;
use rushlight::Error;
use tokio::runtime::{Builder, Runtime};
use tokio::task::{JoinError, JoinHandle};

use crate::callback::Caller;
use crate::error::raised;

/// How often a waiting sync call looks for Ctrl-C.
const SIGNAL_PERIOD: Duration = Duration::from_millis(50);
/// How long the end of the process waits for threads that are inside the interpreter.
const EXIT_PATIENCE: Duration = Duration::from_millis(200);

static ENGINE: OnceLock<Engine> = OnceLock::new();
static CLOSING: AtomicBool = AtomicBool::new(false);
static INSIDE: AtomicUsize = AtomicUsize::new(0);

struct Engine {
    /// The process that started the threads; a fork has none of them.
    process: u32,
    tokio: Runtime,
}

/// The runtime, started by the first call.
pub(crate) fn tokio() -> PyResult<&'static Runtime> {
    let engine = if let Some(engine) = ENGINE.get() {
        engine
    } else {
        let tokio = Builder::new_multi_thread().thread_name("rushlight").enable_all().build()?;
        ENGINE.get_or_init(|| Engine { process: std::process::id(), tokio })
    };
    if engine.process == std::process::id() {
        return Ok(&engine.tokio);
    }
    Err(raised(Error::Stopped {
        what: "rushlight in a forked process (start workers with the `spawn` method, or use rushlight only after the fork)",
    }))
}

/// Runs `future` to its end from sync code, with the interpreter lock released.
///
/// Ctrl-C drops the future and raises `KeyboardInterrupt`.
pub(crate) fn wait<T, F>(py: Python<'_>, future: F) -> PyResult<T>
where
    T: Send + 'static,
    F: Future<Output = rushlight::Result<T>> + Send + 'static,
{
    let tokio = tokio()?;
    let mut task = Task(tokio.spawn(Caller::sync(py)?.scope(future)));
    loop {
        let ended =
            py.detach(|| tokio.block_on(async { tokio::time::timeout(SIGNAL_PERIOD, &mut task).await }));
        py.check_signals()?;
        if let Ok(outcome) = ended {
            return outcome.map_err(raised);
        }
    }
}

/// Runs `future` to its end from a coroutine; cancelling the coroutine drops it.
pub(crate) async fn run<T, F>(future: F) -> PyResult<T>
where
    T: Send + 'static,
    F: Future<Output = rushlight::Result<T>> + Send + 'static,
{
    let caller = Python::attach(Caller::asynchronous)?;
    Waking(Task(tokio()?.spawn(caller.scope(future)))).await.map_err(raised)
}

/// Runs `use_it` inside the interpreter from a thread of rushlight's; does nothing once the process is ending.
pub(crate) fn attach<T>(use_it: impl FnOnce(Python<'_>) -> T) -> Option<T> {
    INSIDE.fetch_add(1, Ordering::SeqCst);
    let inside = Inside;
    let value = if CLOSING.load(Ordering::SeqCst) { None } else { Python::try_attach(use_it) };
    drop(inside);
    value
}

struct Inside;

impl Drop for Inside {
    fn drop(&mut self) {
        INSIDE.fetch_sub(1, Ordering::SeqCst);
    }
}

/// A value whose end may take long: it is dropped on a thread of its own, never on a thread of the caller's.
pub(crate) struct Apart<T: Send + 'static>(Option<T>);

impl<T: Send + 'static> Apart<T> {
    pub(crate) fn new(value: T) -> Self {
        Self(Some(value))
    }
}

impl<T: Send + 'static> Deref for Apart<T> {
    type Target = T;

    fn deref(&self) -> &T {
        self.0.as_ref().expect("only dropping takes it")
    }
}

impl<T: Send + 'static> Drop for Apart<T> {
    fn drop(&mut self) {
        let value = self.0.take();
        let end = move || {
            drop(value);
            // Python objects that it held are let go by the next thread inside the interpreter: this one.
            attach(|_| ());
        };
        // Where no thread can be started, the value is dropped here.
        let _ = std::thread::Builder::new().name("rushlight-end".to_owned()).spawn(end);
    }
}

/// A value that must have ended when its owner is gone, and may take a while: its owner's thread drops it, with
/// the interpreter lock released.
pub(crate) struct Unlocked<T: Send + 'static>(Option<T>);

impl<T: Send + 'static> Unlocked<T> {
    pub(crate) fn new(value: T) -> Self {
        Self(Some(value))
    }
}

impl<T: Send + 'static> Deref for Unlocked<T> {
    type Target = T;

    fn deref(&self) -> &T {
        self.0.as_ref().expect("only dropping takes it")
    }
}

impl<T: Send + 'static> Drop for Unlocked<T> {
    fn drop(&mut self) {
        let value = self.0.take();
        // Where there is no interpreter any more, the value is dropped with the closure.
        let _ = Python::try_attach(move |py| py.detach(move || drop(value)));
    }
}

/// Keeps rushlight's threads out of an interpreter that is being taken down.
pub(crate) fn close_at_exit(py: Python<'_>) -> PyResult<()> {
    let close = PyCFunction::new_closure(py, Some(c"close"), None, |arguments, _| {
        CLOSING.store(true, Ordering::SeqCst);
        let deadline = Instant::now() + EXIT_PATIENCE;
        arguments.py().detach(|| {
            while INSIDE.load(Ordering::SeqCst) > 0 && Instant::now() < deadline {
                std::thread::sleep(Duration::from_millis(1));
            }
        });
    })?;
    py.import("atexit")?.call_method1("register", (close,))?;
    Ok(())
}

/// A task that is dropped with its handle.
struct Task<T>(JoinHandle<rushlight::Result<T>>);

impl<T> Drop for Task<T> {
    fn drop(&mut self) {
        self.0.abort();
    }
}

impl<T> Future for Task<T> {
    type Output = rushlight::Result<T>;

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        Pin::new(&mut self.0)
            .poll(context)
            .map(|joined| joined.unwrap_or_else(|failure| Err(broken(failure))))
    }
}

fn broken(failure: JoinError) -> Error {
    let Ok(panic) = failure.try_into_panic() else { return Error::Cancelled };
    let text = panic.downcast_ref::<String>().map(String::as_str).or(panic.downcast_ref::<&str>().copied());
    let text = text.unwrap_or("no message").to_owned();
    Error::Foreign { what: "a worker of rushlight (it panicked)".to_owned(), source: text.into() }
}

/// A task whose end wakes a Python coroutine: only while there is an interpreter to wake.
struct Waking<T>(Task<T>);

impl<T> Future for Waking<T> {
    type Output = rushlight::Result<T>;

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        let waker = Waker::from(Arc::new(Guarded(context.waker().clone())));
        Pin::new(&mut self.0).poll(&mut Context::from_waker(&waker))
    }
}

struct Guarded(Waker);

impl Wake for Guarded {
    fn wake(self: Arc<Self>) {
        attach(|_| self.0.wake_by_ref());
    }
}
