use std::fmt;
use std::path::PathBuf;
use std::sync::Arc;

use async_trait::async_trait;
use pyo3::intern;
use pyo3::prelude::*;
use rushlight::{Passage, Query, Reranker, Result};

use crate::callback::call;
use crate::convert::not_picklable;
use crate::error::foreign;
use crate::own::{name_of, require};
use crate::passage;
use crate::runtime::{run, wait};

/// A cross-encoder on this machine: it reads the question together with each passage, its title and headings, which is
/// slower than comparing vectors and more precise.
///
/// BERT with a head of one label, such as `cross-encoder/ms-marco-MiniLM-L-6-v2` of the Hugging Face Hub.
#[pyclass(frozen, module = "rushlight")]
pub(crate) struct LocalReranker {
    core: rushlight::LocalReranker,
}

async fn open(name_or_path: PathBuf) -> Result<LocalReranker> {
    Ok(LocalReranker { core: rushlight::LocalReranker::open(&name_or_path.to_string_lossy()).await? })
}

impl LocalReranker {
    fn scoring(
        &self,
        question: String,
        passages: Vec<passage::Passage>,
    ) -> impl Future<Output = Result<Vec<f32>>> + use<> {
        let reranker = self.core.clone();
        let passages: Vec<Passage> = passages.into_iter().map(|passage| passage.core).collect();
        async move { reranker.score(&Query::new(question), &passages).await }
    }
}

#[pymethods]
impl LocalReranker {
    /// Opens a cross-encoder by the path of its directory, with `config.json`, `model.safetensors` and
    /// `tokenizer.json`, or by a name that `models` lists; fetches nothing.
    ///
    /// Raises:
    ///     ModelError: it has no head or one of several labels, is of another architecture, or its files are damaged.
    #[new]
    #[pyo3(signature = (name_or_path: "str | PathLike[str]"))]
    fn new(py: Python<'_>, name_or_path: PathBuf) -> PyResult<Self> {
        wait(py, open(name_or_path))
    }

    /// Opens a cross-encoder from async code; see the class.
    #[staticmethod]
    #[pyo3(signature = (name_or_path: "str | PathLike[str]") -> "LocalReranker")]
    async fn aopen(name_or_path: PathBuf) -> PyResult<Self> {
        run(open(name_or_path)).await
    }

    /// One number for each passage, in order; higher is better. They are between 0 and 1, unless the model's files say
    /// otherwise. Question and passage have as many tokens together as the model reads, mostly 512; the longer one
    /// counts by its beginning.
    #[pyo3(signature = (question, passages: "Sequence[Passage]") -> "list[float]")]
    fn score(&self, py: Python<'_>, question: String, passages: Vec<passage::Passage>) -> PyResult<Vec<f32>> {
        wait(py, self.scoring(question, passages))
    }

    /// Does the same as `score` from async code.
    #[pyo3(signature = (question, passages: "Sequence[Passage]") -> "list[float]")]
    async fn ascore(&self, question: String, passages: Vec<passage::Passage>) -> PyResult<Vec<f32>> {
        run(self.scoring(question, passages)).await
    }

    /// The directory's name, by which caches of answers tell rerankers.
    #[getter]
    fn name(&self) -> &str {
        self.core.name()
    }

    fn __repr__(&self) -> String {
        format!("LocalReranker({:?})", self.core.name())
    }

    #[pyo3(signature = () -> "NoReturn")]
    fn __reduce__(slf: &Bound<'_, Self>) -> PyResult<Py<PyAny>> {
        not_picklable(slf)
    }
}

/// A Python object with `score(question, passages)` as a reranker.
struct PythonReranker {
    object: Arc<Py<PyAny>>,
    name: String,
}

impl PythonReranker {
    /// The reranker that `object` is.
    fn new(object: &Bound<'_, PyAny>) -> PyResult<Self> {
        require(object, "a reranker", &["score"])?;
        Ok(Self { object: Arc::new(object.clone().unbind()), name: name_of(object, "a reranker")? })
    }
}

impl fmt::Debug for PythonReranker {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("PythonReranker").field("name", &self.name).finish_non_exhaustive()
    }
}

#[async_trait]
impl Reranker for PythonReranker {
    async fn score(&self, query: &Query, passages: &[Passage]) -> Result<Vec<f32>> {
        let (object, question) = (Arc::clone(&self.object), query.text.clone());
        let passages: Vec<passage::Passage> = passages.iter().cloned().map(Into::into).collect();
        let scores = call(
            move |entry| {
                let py = entry.py();
                entry.call1((object.getattr(py, intern!(py, "score"))?, question, passages))
            },
            |scores| scores.extract::<Vec<f32>>(),
        );
        scores.await?.map_err(|exception| foreign("the reranker", exception))
    }

    fn name(&self) -> &str {
        &self.name
    }
}

/// A [`LocalReranker`], or any object with the method of a reranker.
pub(crate) fn shared(object: &Bound<'_, PyAny>) -> PyResult<Arc<dyn Reranker>> {
    match object.cast::<LocalReranker>() {
        Ok(reranker) => Ok(Arc::new(reranker.get().core.clone())),
        Err(_) => Ok(Arc::new(PythonReranker::new(object)?)),
    }
}
