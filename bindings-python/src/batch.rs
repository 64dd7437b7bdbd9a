use pyo3::exceptions::PyBaseException;
use pyo3::prelude::*;

use crate::answer::Answer;
use crate::error::raised;

/// What became of one request of a batch.
#[derive(IntoPyObject)]
#[expect(clippy::large_enum_variant, reason = "most of them are answers")]
pub(crate) enum Outcome {
    Answer(Answer),
    Error(Py<PyBaseException>),
}

impl From<rushlight::Result<rushlight::Answer>> for Outcome {
    fn from(answer: rushlight::Result<rushlight::Answer>) -> Self {
        match answer {
            Ok(core) => Self::Answer(Answer { core }),
            Err(error) => Self::Error(Python::attach(|py| raised(error).into_value(py))),
        }
    }
}
