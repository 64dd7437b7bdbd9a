//! How Python functions and methods are called.
//!
//! Sync functions run on threads of their own in a copy of the caller's context; an awaitable that they
//! return, and a coroutine function from its beginning, runs on the caller's event loop, or on rushlight's own when the
//! caller is sync code. Dropping the future cancels the Python task; a sync function cannot be stopped and runs to its end
//! unheard.

use std::future::Future;
use std::sync::{Arc, Mutex, PoisonError};

use pyo3::intern;
use pyo3::prelude::*;
use pyo3::sync::PyOnceLock;
use pyo3::types::{PyBytes, PyString};
use rushlight::tools::{self, CallFuture};
use rushlight::{Error, Result};
use tokio::sync::oneshot;

use crate::runtime::attach;

tokio::task_local! {
    static CALLER: Arc<Caller>;
}

/// Who started a run: its context variables, and its event loop if it has one.
pub(crate) struct Caller {
    context: Py<PyAny>,
    event_loop: Option<Py<PyAny>>,
}

impl Caller {
    /// The caller of a sync method.
    pub(crate) fn sync(py: Python<'_>) -> PyResult<Arc<Self>> {
        Self::new(py, None)
    }

    /// The caller of a coroutine that runs now.
    pub(crate) fn asynchronous(py: Python<'_>) -> PyResult<Arc<Self>> {
        let event_loop = py.import(intern!(py, "asyncio"))?.call_method0(intern!(py, "get_running_loop"))?;
        Self::new(py, Some(event_loop.unbind()))
    }

    fn new(py: Python<'_>, event_loop: Option<Py<PyAny>>) -> PyResult<Arc<Self>> {
        let context = py.import(intern!(py, "contextvars"))?.call_method0(intern!(py, "copy_context"))?;
        Ok(Arc::new(Self { context: context.unbind(), event_loop }))
    }

    /// The caller of the run that this task works for.
    pub(crate) fn current() -> Result<Arc<Self>> {
        CALLER.try_with(Arc::clone).or(Err(Error::Stopped { what: "the run's caller" }))
    }

    /// `future`, whose callbacks belong to this caller.
    pub(crate) fn scope<F: Future>(self: Arc<Self>, future: F) -> impl Future<Output = F::Output> {
        CALLER.scope(self, future)
    }

    /// Does `work`, whose callbacks belong to this caller.
    pub(crate) fn enter<T>(self: &Arc<Self>, work: impl FnOnce() -> T) -> T {
        CALLER.sync_scope(Arc::clone(self), work)
    }

    /// A function that calls its first argument in a copy of the context, which can be entered only once at a time.
    fn entry<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyAny>> {
        self.context.bind(py).call_method0(intern!(py, "copy"))?.getattr(intern!(py, "run"))
    }

    /// Starts to await `awaitable`; `done` is called at its end.
    fn submit(&self, awaitable: &Bound<'_, PyAny>, done: Done) -> PyResult<Py<PyAny>> {
        static CALL: PyOnceLock<Py<PyAny>> = PyOnceLock::new();
        let py = awaitable.py();
        let call = CALL.import(py, "rushlight._background", "Call")?;
        let context = self.context.bind(py).call_method0(intern!(py, "copy"))?;
        Ok(call.call1((awaitable, &self.event_loop, context, done))?.unbind())
    }
}

/// A tool call that belongs to the caller of this task, also when it runs in another.
pub(crate) fn of_caller(call: CallFuture) -> CallFuture {
    match CALLER.try_with(Arc::clone) {
        Ok(caller) => Box::pin(CALLER.scope(caller, call)),
        Err(_) => call,
    }
}

/// Calls a Python function off the async threads and waits for what it returns, awaiting it where needed.
///
/// `call` gets a function that calls its first argument with the others in the caller's context.
pub(crate) async fn call<T: Send + 'static>(
    call: impl for<'py> FnOnce(&Bound<'py, PyAny>) -> PyResult<Bound<'py, PyAny>> + Send + 'static,
    read: fn(&Bound<'_, PyAny>) -> PyResult<T>,
) -> Result<PyResult<T>> {
    let caller = Caller::current()?;
    let task = tools::blocking(move || {
        attach(|py| {
            let value = call(&caller.entry(py)?)?;
            if !value.hasattr(intern!(py, "__await__"))? {
                return Ok(Called::Returned(read(&value)?));
            }
            Ok(Called::Awaited(Awaited::new(&caller, &value, read)?))
        })
    });
    match task.await? {
        Some(Ok(Called::Returned(value))) => Ok(Ok(value)),
        Some(Ok(Called::Awaited(awaited))) => awaited.ended(read).await,
        Some(Err(exception)) => Ok(Err(exception)),
        None => Err(gone()),
    }
}

/// The same for what gives a coroutine without running any code of the caller's: it needs no thread of its own.
pub(crate) async fn call_coroutine<T: Send + 'static>(
    call: impl for<'py> FnOnce(Python<'py>) -> PyResult<Bound<'py, PyAny>>,
    read: fn(&Bound<'_, PyAny>) -> PyResult<T>,
) -> Result<PyResult<T>> {
    let caller = Caller::current()?;
    match attach(|py| Awaited::new(&caller, &call(py)?, read)) {
        Some(Ok(awaited)) => awaited.ended(read).await,
        Some(Err(exception)) => Ok(Err(exception)),
        None => Err(gone()),
    }
}

fn gone() -> Error {
    Error::Stopped { what: "the Python interpreter" }
}

enum Called<T> {
    Returned(T),
    Awaited(Awaited<T>),
}

/// What an awaitable gave.
enum Outcome<T> {
    Read(PyResult<T>),
    /// An object of the caller's, which may compute while it is read.
    Unread(Py<PyAny>),
}

/// An awaitable that runs.
struct Awaited<T> {
    task: Task,
    outcome: oneshot::Receiver<Outcome<T>>,
}

impl<T: Send + 'static> Awaited<T> {
    fn new(
        caller: &Caller,
        awaitable: &Bound<'_, PyAny>,
        read: fn(&Bound<'_, PyAny>) -> PyResult<T>,
    ) -> PyResult<Self> {
        let (sender, outcome) = oneshot::channel();
        let tell = move |ended: PyResult<&Bound<'_, PyAny>>| {
            let outcome = match ended {
                Ok(value) if is_plain(value) => Outcome::Read(read(value)),
                Ok(value) => Outcome::Unread(value.clone().unbind()),
                Err(exception) => Outcome::Read(Err(exception)),
            };
            let _ = sender.send(outcome);
        };
        let task = caller.submit(awaitable, Done { tell: Mutex::new(Some(Box::new(tell))) })?;
        Ok(Self { task: Task(Some(task)), outcome })
    }

    async fn ended(self, read: fn(&Bound<'_, PyAny>) -> PyResult<T>) -> Result<PyResult<T>> {
        let Self { mut task, outcome } = self;
        let outcome = outcome.await;
        // There is nothing to cancel any more.
        task.0 = None;
        match outcome {
            Ok(Outcome::Read(value)) => Ok(value),
            Ok(Outcome::Unread(value)) => {
                let reading = tokio::task::spawn_blocking(move || attach(|py| read(value.bind(py))));
                reading.await.ok().flatten().ok_or_else(gone)
            }
            Err(_) => Err(gone()),
        }
    }
}

/// Whether reading a value runs no code of the caller's.
fn is_plain(value: &Bound<'_, PyAny>) -> bool {
    value.is_none() || value.is_exact_instance_of::<PyString>() || value.is_exact_instance_of::<PyBytes>()
}

/// The `rushlight._background.Call` of an awaitable that has not ended: cancelled when dropped.
struct Task(Option<Py<PyAny>>);

impl Drop for Task {
    fn drop(&mut self) {
        let Some(call) = self.0.take() else { return };
        attach(|py| {
            if let Err(failure) = call.call_method0(py, intern!(py, "cancel")) {
                failure.write_unraisable(py, None);
            }
        });
    }
}

type Tell = Box<dyn FnOnce(PyResult<&Bound<'_, PyAny>>) + Send>;

/// Tells the Rust side what such a call gave or raised.
#[pyclass(frozen)]
struct Done {
    tell: Mutex<Option<Tell>>,
}

#[pymethods]
impl Done {
    fn __call__(&self, value: &Bound<'_, PyAny>, exception: Option<Bound<'_, PyAny>>) {
        let ended = exception.map_or(Ok(value), |exception| Err(PyErr::from_value(exception)));
        if let Some(tell) = self.tell.lock().unwrap_or_else(PoisonError::into_inner).take() {
            tell(ended);
        }
    }
}
