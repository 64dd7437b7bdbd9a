use std::path::PathBuf;
use std::sync::Arc;

use pyo3::prelude::*;
use pyo3::types::PyDict;
use rushlight::retrieval::{EncoderOptions, RemoteEmbedderOptions};
use rushlight::{Cache, Embedder, Result};

use crate::cache;
use crate::convert::{from_keywords, not_picklable};
use crate::own::PythonEmbedder;
use crate::runtime::{run, wait};

/// The methods of a class whose `core` is an embedder, after those of its own.
macro_rules! embedder {
    ($class:ident $($own:tt)*) => {
        #[pymethods]
        impl $class {
            $($own)*

            /// The vectors of passages, each of length 1.
            #[pyo3(signature = (texts: "Sequence[str]") -> "list[list[float]]")]
            fn embed(&self, py: Python<'_>, texts: Vec<String>) -> PyResult<Vec<Vec<f32>>> {
                wait(py, embed(self.core.clone(), texts))
            }

            /// Does the same as `embed` from async code.
            #[pyo3(signature = (texts: "Sequence[str]") -> "list[list[float]]")]
            async fn aembed(&self, texts: Vec<String>) -> PyResult<Vec<Vec<f32>>> {
                run(embed(self.core.clone(), texts)).await
            }

            /// The vectors of questions, which some models tell from passages.
            #[pyo3(signature = (texts: "Sequence[str]") -> "list[list[float]]")]
            fn embed_queries(&self, py: Python<'_>, texts: Vec<String>) -> PyResult<Vec<Vec<f32>>> {
                wait(py, embed_queries(self.core.clone(), texts))
            }

            /// Does the same as `embed_queries` from async code.
            #[pyo3(signature = (texts: "Sequence[str]") -> "list[list[float]]")]
            async fn aembed_queries(&self, texts: Vec<String>) -> PyResult<Vec<Vec<f32>>> {
                run(embed_queries(self.core.clone(), texts)).await
            }

            /// The embedder's name: vectors of different names cannot be compared.
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
                format!("{}({:?})", stringify!($class), self.core.name())
            }

            #[pyo3(signature = () -> "NoReturn")]
            fn __reduce__(slf: &Bound<'_, Self>) -> PyResult<Py<PyAny>> {
                not_picklable(slf)
            }
        }
    };
}

/// A sentence encoder on this machine.
#[pyclass(frozen, module = "rushlight")]
pub(crate) struct LocalEmbedder {
    core: rushlight::LocalEmbedder,
}

async fn open(
    name_or_path: PathBuf,
    query_prompt: Option<String>,
    passage_prompt: Option<String>,
) -> Result<LocalEmbedder> {
    let mut options = EncoderOptions::default();
    (options.query_prompt, options.passage_prompt) = (query_prompt, passage_prompt);
    let core = rushlight::LocalEmbedder::open_with(&name_or_path.to_string_lossy(), options).await?;
    Ok(LocalEmbedder { core })
}

async fn embed(embedder: impl Embedder, texts: Vec<String>) -> Result<Vec<Vec<f32>>> {
    embedder.embed(texts).await
}

async fn embed_queries(embedder: impl Embedder, texts: Vec<String>) -> Result<Vec<Vec<f32>>> {
    embedder.embed_queries(texts).await
}

embedder! { LocalEmbedder
    /// Opens an encoder by a name that `models` lists or by the path of its directory; fetches nothing.
    ///
    /// Args:
    ///     name_or_path: the encoder
    ///     query_prompt: put before every question; default what the model's directory says, else nothing
    ///     passage_prompt: put before every passage; default what the model's directory says, else nothing
    #[new]
    #[pyo3(signature = (name_or_path: "str | PathLike[str]", *, query_prompt = None, passage_prompt = None))]
    fn new(
        py: Python<'_>,
        name_or_path: PathBuf,
        query_prompt: Option<String>,
        passage_prompt: Option<String>,
    ) -> PyResult<Self> {
        wait(py, open(name_or_path, query_prompt, passage_prompt))
    }

    /// Opens an encoder from async code; see the class.
    #[staticmethod]
    #[pyo3(signature = (name_or_path: "str | PathLike[str]", *, query_prompt = None, passage_prompt = None) -> "LocalEmbedder")]
    async fn aopen(
        name_or_path: PathBuf,
        query_prompt: Option<String>,
        passage_prompt: Option<String>,
    ) -> PyResult<Self> {
        run(open(name_or_path, query_prompt, passage_prompt)).await
    }
}

/// An embedder without a model, by hashing words: for tests, and where no model may be loaded.
#[pyclass(frozen, module = "rushlight")]
pub(crate) struct HashedEmbedder {
    core: rushlight::HashedEmbedder,
}

embedder! { HashedEmbedder
    /// An embedder of vectors of this length.
    #[new]
    fn new(dimensions: usize) -> Self {
        Self { core: rushlight::HashedEmbedder::new(dimensions) }
    }
}

/// An embedder that computes the vector of a passage once and keeps it in a cache, by its own name and the text. Questions
/// are not kept.
#[pyclass(frozen, module = "rushlight")]
pub(crate) struct CachedEmbedder {
    core: Arc<dyn Embedder>,
}

embedder! { CachedEmbedder
    /// What an embedder computes, unless a cache has it.
    ///
    /// Args:
    ///     embedder: one of this package, or any object with the method of an embedder
    ///     cache: a `MemoryCache`, or any object with the methods of a cache; embedders of different names, and answers,
    ///         may share it
    #[new]
    #[pyo3(signature = (embedder: "LocalEmbedder | HashedEmbedder | Embedder", cache: "MemoryCache | Cache"))]
    fn new(embedder: &Bound<'_, PyAny>, cache: &Bound<'_, PyAny>) -> PyResult<Self> {
        let (embedder, cache): (_, Arc<dyn Cache>) = (shared(embedder)?, cache::shared(cache)?);
        Ok(Self { core: Arc::new(rushlight::CachedEmbedder::new(embedder, cache)) })
    }
}

/// A model behind a server that speaks OpenAI's protocol for embeddings (`POST /embeddings`).
#[pyclass(frozen, module = "rushlight")]
pub(crate) struct RemoteEmbedder {
    core: rushlight::RemoteEmbedder,
}

async fn open_remote(url: String, model: String, options: RemoteEmbedderOptions) -> Result<RemoteEmbedder> {
    Ok(RemoteEmbedder { core: rushlight::RemoteEmbedder::open(&url, &model, options).await? })
}

embedder! { RemoteEmbedder
    /// An embedder by a model of a server.
    ///
    /// Args:
    ///     url: where the server is, for example `https://api.openai.com/v1`
    ///     model: the model's name there
    ///     api_key: goes with every request as a bearer token; default none
    ///     dimensions: length of vectors that the server is asked for; default the model's own, which a first request
    ///         finds out
    ///     max_tokens: tokens of a text that count, of three bytes each; default 512
    ///     batch: texts of a request; default 64
    ///     query_prompt: put before every question; default nothing
    ///     passage_prompt: put before every passage; default nothing
    ///     timeout: seconds that a request may take; default 60
    ///
    /// Raises:
    ///     InvalidError: the URL is not of HTTP, or an option is out of its range or not known.
    ///     ForeignError: the first request failed.
    ///     TimeoutError: the server did not answer in time.
    #[new]
    #[pyo3(signature = (url, model, **options: "Unpack[RemoteEmbedderOptions]"))]
    fn new(
        py: Python<'_>,
        url: String,
        model: String,
        options: Option<&Bound<'_, PyDict>>,
    ) -> PyResult<Self> {
        wait(py, open_remote(url, model, from_keywords(options, &["timeout"])?))
    }

    /// Opens an embedder from async code; see the class.
    #[staticmethod]
    #[pyo3(signature = (url, model, **options: "Unpack[RemoteEmbedderOptions]") -> "RemoteEmbedder")]
    async fn aopen(url: String, model: String, options: Option<Py<PyDict>>) -> PyResult<Self> {
        let options = Python::attach(|py| from_keywords(options.as_ref().map(|given| given.bind(py)), &["timeout"]))?;
        run(open_remote(url, model, options)).await
    }
}

/// An embedder of this package, or any object with the method of an embedder.
pub(crate) fn shared(object: &Bound<'_, PyAny>) -> PyResult<Arc<dyn Embedder>> {
    if let Ok(embedder) = object.cast::<LocalEmbedder>() {
        return Ok(Arc::new(embedder.get().core.clone()));
    }
    if let Ok(embedder) = object.cast::<HashedEmbedder>() {
        return Ok(Arc::new(embedder.get().core.clone()));
    }
    if let Ok(embedder) = object.cast::<RemoteEmbedder>() {
        return Ok(Arc::new(embedder.get().core.clone()));
    }
    match object.cast::<CachedEmbedder>() {
        Ok(embedder) => Ok(Arc::clone(&embedder.get().core)),
        Err(_) => Ok(Arc::new(PythonEmbedder::new(object)?)),
    }
}
