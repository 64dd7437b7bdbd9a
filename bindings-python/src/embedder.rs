use std::path::PathBuf;
use std::sync::Arc;

use pyo3::prelude::*;
use rushlight::{Embedder, Result};

use crate::convert::not_picklable;
use crate::own::PythonEmbedder;
use crate::runtime::{run, wait};

/// A sentence encoder on this machine.
#[pyclass(frozen, module = "rushlight")]
pub(crate) struct LocalEmbedder {
    core: rushlight::LocalEmbedder,
}

async fn open(name_or_path: PathBuf) -> Result<LocalEmbedder> {
    let core = rushlight::LocalEmbedder::open(&name_or_path.to_string_lossy()).await?;
    Ok(LocalEmbedder { core })
}

async fn embed(embedder: impl Embedder, texts: Vec<String>) -> Result<Vec<Vec<f32>>> {
    embedder.embed(texts).await
}

#[pymethods]
impl LocalEmbedder {
    /// Opens an encoder by a name that `models` lists or by the path of its directory; fetches nothing.
    #[new]
    #[pyo3(signature = (name_or_path: "str | PathLike[str]"))]
    fn new(py: Python<'_>, name_or_path: PathBuf) -> PyResult<Self> {
        wait(py, open(name_or_path))
    }

    /// Opens an encoder from async code; see the class.
    #[staticmethod]
    #[pyo3(signature = (name_or_path: "str | PathLike[str]") -> "LocalEmbedder")]
    async fn aopen(name_or_path: PathBuf) -> PyResult<Self> {
        run(open(name_or_path)).await
    }

    /// The vectors of texts, each of length 1.
    #[pyo3(signature = (texts: "Sequence[str]") -> "list[list[float]]")]
    fn embed(&self, py: Python<'_>, texts: Vec<String>) -> PyResult<Vec<Vec<f32>>> {
        wait(py, embed(self.core.clone(), texts))
    }

    /// Does the same as `embed` from async code.
    #[pyo3(signature = (texts: "Sequence[str]") -> "list[list[float]]")]
    async fn aembed(&self, texts: Vec<String>) -> PyResult<Vec<Vec<f32>>> {
        run(embed(self.core.clone(), texts)).await
    }

    /// The encoder's name: vectors of different names cannot be compared.
    #[getter]
    fn name(&self) -> &str {
        self.core.name()
    }

    /// Length of every vector.
    #[getter]
    fn dimensions(&self) -> usize {
        self.core.dimensions()
    }

    /// How many tokens of a text count; the rest is ignored.
    #[getter]
    fn max_tokens(&self) -> usize {
        self.core.max_tokens()
    }

    fn __repr__(&self) -> String {
        format!("LocalEmbedder({:?})", self.core.name())
    }

    #[pyo3(signature = () -> "NoReturn")]
    fn __reduce__(slf: &Bound<'_, Self>) -> PyResult<Py<PyAny>> {
        not_picklable(slf)
    }
}

/// An embedder without a model, by hashing words: for tests, and where no model may be loaded.
#[pyclass(frozen, module = "rushlight")]
pub(crate) struct HashedEmbedder {
    core: rushlight::HashedEmbedder,
}

#[pymethods]
impl HashedEmbedder {
    /// An embedder of vectors of this length.
    #[new]
    fn new(dimensions: usize) -> Self {
        Self { core: rushlight::HashedEmbedder::new(dimensions) }
    }

    /// The vectors of texts, each of length 1.
    #[pyo3(signature = (texts: "Sequence[str]") -> "list[list[float]]")]
    fn embed(&self, py: Python<'_>, texts: Vec<String>) -> PyResult<Vec<Vec<f32>>> {
        wait(py, embed(self.core.clone(), texts))
    }

    /// Length of every vector.
    #[getter]
    fn dimensions(&self) -> usize {
        self.core.dimensions()
    }

    fn __repr__(&self) -> String {
        format!("HashedEmbedder({})", self.core.dimensions())
    }
}

/// A [`LocalEmbedder`], a [`HashedEmbedder`], or any object with the method of an embedder.
pub(crate) fn shared(object: &Bound<'_, PyAny>) -> PyResult<Arc<dyn Embedder>> {
    if let Ok(embedder) = object.cast::<LocalEmbedder>() {
        return Ok(Arc::new(embedder.get().core.clone()));
    }
    match object.cast::<HashedEmbedder>() {
        Ok(embedder) => Ok(Arc::new(embedder.get().core.clone())),
        Err(_) => Ok(Arc::new(PythonEmbedder::new(object)?)),
    }
}
