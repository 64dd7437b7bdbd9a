//! Objects of the caller's own as parts of the core.

use std::fmt;
use std::hash::{BuildHasher, Hasher, RandomState};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use async_trait::async_trait;
use futures::stream;
use pyo3::exceptions::{PyStopAsyncIteration, PyStopIteration, PyTypeError};
use pyo3::intern;
use pyo3::prelude::*;
use pyo3::types::PyBytes;
use rushlight::cache::{Entry, Key};
use rushlight::llm::{DeltaStream, Prompt, from_pieces};
use rushlight::{Cache, Embedder, Error, Llm, Passage, Query, Result, Retriever};
use serde_json::Value;
use tokio::runtime::Handle;

use crate::callback::{Caller, call};
use crate::convert::{Json, json_of};
use crate::error::{foreign, invalid};
use crate::runtime::attach;

/// What a model is thought to read when it does not say: what most remote ones do.
const CONTEXT_WINDOW: usize = 32_768;

/// A Python object with `retrieve(question, k)` as a retriever; where there is a filter, it is the third argument.
pub(crate) struct PythonRetriever {
    object: Arc<Py<PyAny>>,
    /// Begins anywhere, since caches may outlive this object and this process.
    changes: AtomicU64,
}

impl PythonRetriever {
    /// The retriever that `object` is.
    pub(crate) fn new(object: &Bound<'_, PyAny>) -> PyResult<Self> {
        require(object, "a retriever", &["retrieve"])?;
        let changes = AtomicU64::new(RandomState::new().build_hasher().finish());
        Ok(Self { object: Arc::new(object.clone().unbind()), changes })
    }
}

impl fmt::Debug for PythonRetriever {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("PythonRetriever")
    }
}

#[async_trait]
impl Retriever for PythonRetriever {
    async fn retrieve(&self, query: &Query) -> Result<Vec<Passage>> {
        let (object, query) = (Arc::clone(&self.object), query.clone());
        let passages = call(
            move |entry| {
                let py = entry.py();
                let retrieve = object.getattr(py, intern!(py, "retrieve"))?;
                match query.filter {
                    Some(filter) => entry.call1((retrieve, query.text, query.k, json_of(&filter)?)),
                    None => entry.call1((retrieve, query.text, query.k)),
                }
            },
            |passages| passages.extract::<Vec<crate::passage::Passage>>(),
        );
        let passages = passages.await?.map_err(|exception| foreign("the retriever", exception))?;
        Ok(passages.into_iter().map(|passage| passage.core).collect())
    }

    /// The object's own `version`, or a new number each time: then no answer is found in a cache.
    fn version(&self) -> u64 {
        let read = || attach(|py| self.object.getattr(py, intern!(py, "version")).ok()?.extract(py).ok());
        // It may be a property that computes, and the core asks from an async thread.
        tokio::task::block_in_place(read)
            .flatten()
            .unwrap_or_else(|| self.changes.fetch_add(1, Ordering::Relaxed))
    }
}

/// A Python object with `get(key)`, `put(key, value)` and `remove(key)` as a cache.
pub(crate) struct PythonCache {
    object: Arc<Py<PyAny>>,
}

impl PythonCache {
    /// The cache that `object` is.
    pub(crate) fn new(object: &Bound<'_, PyAny>) -> PyResult<Self> {
        require(object, "a cache", &["get", "put", "remove"])?;
        Ok(Self { object: Arc::new(object.clone().unbind()) })
    }

    async fn call<T: Send + 'static>(
        &self,
        method: &'static str,
        key: &Key,
        entry: Option<Entry>,
        read: fn(&Bound<'_, PyAny>) -> PyResult<T>,
    ) -> Result<T> {
        let (object, key) = (Arc::clone(&self.object), *key);
        let called = call(
            move |run| {
                let method = object.getattr(run.py(), method)?;
                let key = PyBytes::new(run.py(), key.as_bytes());
                match entry {
                    Some(entry) => run.call1((method, key, PyBytes::new(run.py(), &entry.bytes))),
                    None => run.call1((method, key)),
                }
            },
            read,
        );
        called.await?.map_err(|exception| foreign("the cache", exception))
    }
}

impl fmt::Debug for PythonCache {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("PythonCache")
    }
}

#[async_trait]
impl Cache for PythonCache {
    async fn get(&self, key: &Key) -> Result<Option<Entry>> {
        let bytes = self.call("get", key, None, |value| value.extract::<Option<Vec<u8>>>()).await?;
        Ok(bytes.map(Entry::new))
    }

    async fn put(&self, key: &Key, entry: Entry) -> Result<()> {
        self.call("put", key, Some(entry), |_| Ok(())).await
    }

    async fn remove(&self, key: &Key) -> Result<()> {
        self.call("remove", key, None, |_| Ok(())).await
    }
}

/// A Python object with `generate(prompt)` as a model.
pub(crate) struct PythonLlm {
    object: Arc<Py<PyAny>>,
    name: String,
    context_window: usize,
}

impl PythonLlm {
    /// The model that `object` is.
    pub(crate) fn new(object: &Bound<'_, PyAny>) -> PyResult<Self> {
        require(object, "a model", &["generate"])?;
        let name = name_of(object, "a model")?;
        let context_window =
            attribute(object, "a model", "context_window", "an int")?.unwrap_or(CONTEXT_WINDOW);
        if context_window == 0 {
            return Err(invalid("context_window", format!("model `{name}`: expected at least 1, got 0")));
        }
        Ok(Self { object: Arc::new(object.clone().unbind()), name, context_window })
    }
}

impl fmt::Debug for PythonLlm {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("PythonLlm").field("name", &self.name).finish_non_exhaustive()
    }
}

#[async_trait]
impl Llm for PythonLlm {
    async fn generate(&self, prompt: Prompt) -> Result<DeltaStream> {
        let (caller, object) = (Caller::current()?, Arc::clone(&self.object));
        let pieces = call(
            move |entry| {
                let py = entry.py();
                entry.call1((object.getattr(py, intern!(py, "generate"))?, json_of(&prompt)?))
            },
            |said| {
                let py = said.py();
                let pieces = py.import(intern!(py, "rushlight._pieces"))?.getattr(intern!(py, "pieces"))?;
                Ok(Arc::new(pieces.call1((said,))?.unbind()))
            },
        );
        let object = pieces.await?.map_err(|exception| foreign("the model", exception))?;
        let pieces = Pieces { object, caller, tokio: Handle::current(), is_over: false };
        Ok(from_pieces("the model", stream::try_unfold(pieces, Pieces::next)))
    }

    fn context_window(&self) -> usize {
        self.context_window
    }

    fn count_tokens(&self, text: &str) -> Result<usize> {
        count_tokens(&self.object, "the model", text)
    }

    fn name(&self) -> &str {
        &self.name
    }
}

/// What a model says, as `rushlight._pieces` gives it step by step; closed when it is dropped before its end.
struct Pieces {
    object: Arc<Py<PyAny>>,
    caller: Arc<Caller>,
    tokio: Handle,
    is_over: bool,
}

impl Pieces {
    async fn next(mut self) -> Result<Option<(Value, Self)>> {
        let step = self.method("next", |piece| piece.extract::<Json>());
        match step.await? {
            Ok(Json(piece)) => Ok(Some((piece, self))),
            Err(exception) => {
                let is_end = attach(|py| {
                    exception.is_instance_of::<PyStopIteration>(py)
                        || exception.is_instance_of::<PyStopAsyncIteration>(py)
                });
                self.is_over = is_end == Some(true);
                if self.is_over { Ok(None) } else { Err(foreign("the model", exception)) }
            }
        }
    }

    /// Calls a method for the one who started the generation: an async iterator belongs to one event loop.
    fn method<T: Send + 'static>(
        &self,
        name: &'static str,
        read: fn(&Bound<'_, PyAny>) -> PyResult<T>,
    ) -> impl Future<Output = Result<PyResult<T>>> + Send + use<T> {
        let object = Arc::clone(&self.object);
        let called = call(move |entry| entry.call1((object.getattr(entry.py(), name)?,)), read);
        Arc::clone(&self.caller).scope(called)
    }
}

impl Drop for Pieces {
    fn drop(&mut self) {
        if !self.is_over {
            // What it raises at its end, nobody hears.
            drop(self.tokio.spawn(self.method("close", |_| Ok(()))));
        }
    }
}

/// A Python object with `embed(texts)` as an embedder.
pub(crate) struct PythonEmbedder {
    object: Arc<Py<PyAny>>,
    name: String,
    dimensions: usize,
    max_tokens: usize,
    tells_questions: bool,
}

impl PythonEmbedder {
    /// The embedder that `object` is.
    pub(crate) fn new(object: &Bound<'_, PyAny>) -> PyResult<Self> {
        require(object, "an embedder", &["embed"])?;
        let missing = |name| PyTypeError::new_err(format!("expected an embedder with an attribute `{name}`"));
        let name: Option<String> = attribute(object, "an embedder", "name", "a str")?;
        let dimensions: Option<usize> = attribute(object, "an embedder", "dimensions", "an int")?;
        Ok(Self {
            object: Arc::new(object.clone().unbind()),
            name: name.ok_or_else(|| missing("name"))?,
            dimensions: dimensions.ok_or_else(|| missing("dimensions"))?,
            max_tokens: attribute(object, "an embedder", "max_tokens", "an int")?.unwrap_or(usize::MAX),
            tells_questions: object.hasattr(intern!(object.py(), "embed_queries"))?,
        })
    }

    fn what(&self) -> String {
        format!("embedder `{}`", self.name)
    }

    /// What the object's `method` gives for texts.
    async fn vectors(&self, method: &'static str, texts: Vec<String>) -> Result<Vec<Vec<f32>>> {
        let object = Arc::clone(&self.object);
        let vectors = call(
            move |entry| entry.call1((object.getattr(entry.py(), method)?, texts)),
            |vectors| vectors.extract::<Vec<Vec<f32>>>(),
        );
        vectors.await?.map_err(|exception| foreign(self.what(), exception))
    }
}

impl fmt::Debug for PythonEmbedder {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("PythonEmbedder").field("name", &self.name).finish_non_exhaustive()
    }
}

#[async_trait]
impl Embedder for PythonEmbedder {
    async fn embed(&self, texts: Vec<String>) -> Result<Vec<Vec<f32>>> {
        self.vectors("embed", texts).await
    }

    async fn embed_queries(&self, texts: Vec<String>) -> Result<Vec<Vec<f32>>> {
        self.vectors(if self.tells_questions { "embed_queries" } else { "embed" }, texts).await
    }

    fn dimensions(&self) -> usize {
        self.dimensions
    }

    fn max_tokens(&self) -> usize {
        self.max_tokens
    }

    fn count_tokens(&self, text: &str) -> Result<usize> {
        count_tokens(&self.object, &self.what(), text)
    }

    fn name(&self) -> &str {
        &self.name
    }
}

/// The number of tokens that `object`, which is `what`, counts; an estimate if it counts none.
fn count_tokens(object: &Py<PyAny>, what: &str, text: &str) -> Result<usize> {
    let count = || {
        attach(|py| match object.bind(py).getattr_opt(intern!(py, "count_tokens"))? {
            Some(method) => method.call1((text,))?.extract(),
            // More than most tokenizers give.
            None => Ok(text.len().div_ceil(3)),
        })
    };
    // It may take a while, and the core asks from an async thread.
    let counted =
        tokio::task::block_in_place(count).ok_or(Error::Stopped { what: "the Python interpreter" })?;
    counted.map_err(|exception| foreign(what, exception))
}

/// An attribute of `object`, which is `what`; none if it is missing or None.
fn attribute<T>(object: &Bound<'_, PyAny>, what: &str, name: &str, expected: &str) -> PyResult<Option<T>>
where
    T: for<'py> FromPyObjectOwned<'py>,
{
    let Some(value) = object.getattr_opt(name)?.filter(|value| !value.is_none()) else { return Ok(None) };
    let kind = value.get_type().name()?;
    let wrong = |_| {
        PyTypeError::new_err(format!("expected {expected} as the attribute `{name}` of {what}, got `{kind}`"))
    };
    value.extract().map(Some).map_err(wrong)
}

/// The name of `object`, which is `what`; one without a name gets one that no other has.
pub(crate) fn name_of(object: &Bound<'_, PyAny>, what: &str) -> PyResult<String> {
    static NAMELESS: AtomicU64 = AtomicU64::new(0);
    match attribute(object, what, "name", "a str")? {
        Some(name) => Ok(name),
        None => Ok(format!("{} {}", object.get_type().name()?, NAMELESS.fetch_add(1, Ordering::Relaxed))),
    }
}

/// Refuses an `object`, which should be `what`, that lacks one of the methods.
pub(crate) fn require(object: &Bound<'_, PyAny>, what: &str, methods: &[&str]) -> PyResult<()> {
    for method in methods {
        if !object.getattr_opt(*method)?.is_some_and(|found| found.is_callable()) {
            let kind = object.get_type().name()?;
            let message = format!("expected {what} with a method `{method}`, got `{kind}`");
            return Err(PyTypeError::new_err(message));
        }
    }
    Ok(())
}
