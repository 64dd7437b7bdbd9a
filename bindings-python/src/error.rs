use std::fmt;
use std::time::Duration;

use pyo3::exceptions::PyKeyError;
use pyo3::prelude::*;
use rushlight::Error;
use rushlight::error::RetryAfter;

/// A Python exception as the source of a core error; found again by [`raised`], which makes it the `__cause__`.
#[derive(Debug)]
pub(crate) struct Exception(pub(crate) PyErr);

impl fmt::Display for Exception {
    /// The exception's own words, as another language would have written them; its type where they say nothing.
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let text = Python::attach(|py| {
            let bare = self.0.value(py).to_string();
            if bare.is_empty() || self.0.is_instance_of::<PyKeyError>(py) { self.0.to_string() } else { bare }
        });
        formatter.write_str(&text)
    }
}

impl std::error::Error for Exception {}

/// A failure of `what`, a part of the caller's own.
pub(crate) fn foreign(what: impl Into<String>, exception: PyErr) -> Error {
    Error::Foreign { what: what.into(), source: Box::new(Exception(exception)) }
}

/// The same for a tool, whose exception may say in its attribute `retry_after` how many seconds to wait.
pub(crate) fn failed(what: impl Into<String>, exception: PyErr) -> Error {
    let seconds = Python::attach(|py| {
        let after = exception.value(py).getattr_opt("retry_after").ok().flatten()?;
        after.extract::<f64>().ok()
    });
    match seconds.and_then(|seconds| Duration::try_from_secs_f64(seconds).ok()) {
        Some(after) => {
            let source = RetryAfter::new(after, Exception(exception)).into();
            Error::Foreign { what: what.into(), source }
        }
        None => foreign(what, exception),
    }
}

/// The exception for a core error: the class of its kind, with its causes in the message.
pub(crate) fn raised(error: Error) -> PyErr {
    Python::attach(|py| {
        let message = error.chain();
        let made = class(py, error.kind().as_str()).and_then(|class| class.call1((message,)));
        let exception = made.map_or_else(|failure| failure, PyErr::from_value);
        if error.is_retryable() {
            // A failure to say so is no reason to hide the error.
            let _ = exception.value(py).setattr("retryable", true);
        }
        if let Some(cause) = cause(&error) {
            exception.set_cause(py, Some(cause.clone_ref(py)));
        }
        exception
    })
}

/// An `InvalidError`.
pub(crate) fn invalid(what: &str, message: impl Into<String>) -> PyErr {
    raised(Error::invalid(what, message))
}

fn class<'py>(py: Python<'py>, code: &str) -> PyResult<Bound<'py, PyAny>> {
    py.import("rushlight._errors")?.getattr("BY_CODE")?.get_item(code)
}

fn cause(error: &Error) -> Option<&PyErr> {
    let mut source = std::error::Error::source(error);
    while let Some(error) = source {
        if let Some(Exception(exception)) = error.downcast_ref() {
            return Some(exception);
        }
        source = error.source();
    }
    None
}
