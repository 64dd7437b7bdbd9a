//! A run that is read step by step, and stopped by dropping it.

use std::mem;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use futures::StreamExt;
use futures::future::{AbortHandle, Abortable};
use pyo3::exceptions::PyStopAsyncIteration;
use pyo3::inspect::PyStaticExpr;
use pyo3::prelude::*;
use pyo3::types::PyTuple;
use pyo3::{type_hint_identifier, type_hint_subscript};
use rushlight::{Agent, Error, Event, Request, Result};

use crate::answer::Answer;
use crate::convert::not_picklable;
use crate::event::AnyEvent;
use crate::runtime::{Apart, run, wait};

/// What there is of the run while nobody reads.
enum Source {
    /// It starts with the first step.
    Waiting(Box<(Arc<dyn Agent>, Request)>),
    Open(rushlight::EventStream),
    /// A step is under way and has the stream; the handle takes it away from the step.
    Reading(AbortHandle),
    Closed,
}

struct Steps {
    source: Mutex<Source>,
    answer: Mutex<Option<rushlight::Answer>>,
}

impl Steps {
    fn new(agent: Arc<dyn Agent>, request: Request) -> Arc<Self> {
        let source = Source::Waiting(Box::new((agent, request)));
        Arc::new(Self { source: Mutex::new(source), answer: Mutex::default() })
    }

    fn source(&self) -> MutexGuard<'_, Source> {
        self.source.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// What is to be read next; `reader` takes its place.
    fn take(&self, reader: AbortHandle) -> Result<Source> {
        let mut source = self.source();
        if let Source::Reading(_) = *source {
            return Err(Error::invalid("use of a stream", "expected one reader at a time, got two"));
        }
        Ok(mem::replace(&mut *source, Source::Reading(reader)))
    }

    /// Ends the run: drops it apart, since it may hold the last handle of a model, or where a step has it.
    fn close(&self) {
        match mem::replace(&mut *self.source(), Source::Closed) {
            Source::Reading(step) => step.abort(),
            Source::Closed => {}
            before => drop(Apart::new(before)),
        }
    }

    /// The next event; none at the end. Dropping the future ends the run.
    async fn next(self: Arc<Self>) -> Result<Option<Event>> {
        let (handle, registration) = AbortHandle::new_pair();
        let source = self.take(handle)?;
        let step = Step(&self);
        let Ok(outcome) = Abortable::new(advance(source), registration).await else { return Ok(None) };
        let Some((event, stream)) = outcome? else { return Ok(None) };
        if let Event::Done(answer) = &event {
            *self.answer.lock().unwrap_or_else(PoisonError::into_inner) = Some((**answer).clone());
        }
        step.finish(stream);
        Ok(Some(event))
    }

    fn answer(&self) -> Option<Answer> {
        self.answer.lock().unwrap_or_else(PoisonError::into_inner).clone().map(|core| Answer { core })
    }
}

async fn advance(source: Source) -> Result<Option<(Event, rushlight::EventStream)>> {
    let mut stream = match source {
        Source::Waiting(start) => start.0.run(start.1).await?,
        Source::Open(stream) => stream,
        Source::Reading(_) | Source::Closed => return Ok(None),
    };
    Ok(stream.next().await.transpose()?.map(|event| (event, stream)))
}

/// A step under way; unless it is finished, the run is over.
struct Step<'a>(&'a Steps);

impl Step<'_> {
    fn finish(self, stream: rushlight::EventStream) {
        let mut source = self.0.source();
        if let Source::Reading(_) = *source {
            *source = Source::Open(stream);
        }
    }
}

impl Drop for Step<'_> {
    fn drop(&mut self) {
        let mut source = self.0.source();
        if let Source::Reading(_) = *source {
            *source = Source::Closed;
        }
    }
}

/// The events of a run: an iterator and a context manager.
#[pyclass(frozen, module = "rushlight")]
pub(crate) struct EventStream {
    steps: Arc<Steps>,
}

impl EventStream {
    pub(crate) fn new(agent: Arc<dyn Agent>, request: Request) -> Self {
        Self { steps: Steps::new(agent, request) }
    }
}

impl Drop for EventStream {
    fn drop(&mut self) {
        self.steps.close();
    }
}

#[pymethods]
impl EventStream {
    fn __iter__(slf: PyRef<'_, Self>) -> PyRef<'_, Self> {
        slf
    }

    fn __next__(&self, py: Python<'_>) -> PyResult<Option<AnyEvent>> {
        wait(py, Arc::clone(&self.steps).next())?.map(AnyEvent::try_from).transpose()
    }

    fn __enter__(slf: PyRef<'_, Self>) -> PyRef<'_, Self> {
        slf
    }

    #[pyo3(signature = (*_exception: "object") -> "None")]
    fn __exit__(&self, _exception: &Bound<'_, PyTuple>) {
        self.close();
    }

    /// Stops the run, if it has not ended.
    fn close(&self) {
        self.steps.close();
    }

    /// The answer, once the last event was read.
    #[getter]
    fn answer(&self) -> Option<Answer> {
        self.steps.answer()
    }

    #[pyo3(signature = () -> "NoReturn")]
    fn __reduce__(slf: &Bound<'_, Self>) -> PyResult<Py<PyAny>> {
        not_picklable(slf)
    }
}

/// The coroutine of one step.
struct NextEvent<'py>(Bound<'py, PyAny>);

impl<'py> IntoPyObject<'py> for NextEvent<'py> {
    type Target = PyAny;
    type Output = Bound<'py, PyAny>;
    type Error = PyErr;
    const OUTPUT_TYPE: PyStaticExpr =
        type_hint_subscript!(type_hint_identifier!("collections.abc", "Awaitable"), AnyEvent::OUTPUT_TYPE);

    fn into_pyobject(self, _: Python<'py>) -> PyResult<Bound<'py, PyAny>> {
        Ok(self.0)
    }
}

/// The events of a run: an async iterator and an async context manager.
#[pyclass(frozen, module = "rushlight")]
pub(crate) struct AsyncEventStream {
    steps: Arc<Steps>,
}

impl AsyncEventStream {
    pub(crate) fn new(agent: Arc<dyn Agent>, request: Request) -> Self {
        Self { steps: Steps::new(agent, request) }
    }
}

impl Drop for AsyncEventStream {
    fn drop(&mut self) {
        self.steps.close();
    }
}

#[expect(clippy::unused_async, reason = "Python awaits these methods")]
#[pymethods]
impl AsyncEventStream {
    fn __aiter__(slf: PyRef<'_, Self>) -> PyRef<'_, Self> {
        slf
    }

    fn __anext__<'py>(slf: &Bound<'py, Self>) -> PyResult<NextEvent<'py>> {
        slf.call_method0("_next").map(NextEvent)
    }

    /// The next event.
    async fn _next(&self) -> PyResult<AnyEvent> {
        match run(Arc::clone(&self.steps).next()).await? {
            Some(event) => AnyEvent::try_from(event),
            None => Err(PyStopAsyncIteration::new_err(())),
        }
    }

    async fn __aenter__(slf: Py<Self>) -> Py<Self> {
        slf
    }

    #[pyo3(signature = (*_exception: "object") -> "None")]
    async fn __aexit__(&self, _exception: Py<PyTuple>) {
        self.steps.close();
    }

    /// Stops the run, if it has not ended.
    async fn aclose(&self) {
        self.steps.close();
    }

    /// The answer, once the last event was read.
    #[getter]
    fn answer(&self) -> Option<Answer> {
        self.steps.answer()
    }

    #[pyo3(signature = () -> "NoReturn")]
    fn __reduce__(slf: &Bound<'_, Self>) -> PyResult<Py<PyAny>> {
        not_picklable(slf)
    }
}
