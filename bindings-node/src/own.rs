//! Objects of the caller's own as parts of the core.

use std::fmt;
use std::hash::{BuildHasher, Hasher, RandomState};
use std::sync::atomic::{AtomicU32, AtomicU64, Ordering};

use async_trait::async_trait;
use futures::stream;
use rushlight::cache::{Entry, Key};
use rushlight::llm::{DeltaStream, Prompt, from_pieces};
use rushlight::{Cache, Embedder, Llm, Passage, Query, Result, Retriever};
use serde::Serialize;
use serde_json::Value;

use crate::callback::Method;

/// A JavaScript object with `retrieve(question, k, { filter })` as a retriever.
pub(crate) struct JsRetriever {
    retrieve: Method,
    version: Method,
    /// Begins anywhere, since caches may outlive this object and this process.
    changes: AtomicU64,
}

impl JsRetriever {
    /// A retriever of these methods; `version` gives the object's own, or null.
    pub(crate) fn new(retrieve: Method, version: Method) -> Self {
        Self { retrieve, version, changes: AtomicU64::new(RandomState::new().build_hasher().finish()) }
    }
}

impl fmt::Debug for JsRetriever {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("JsRetriever")
    }
}

#[async_trait]
impl Retriever for JsRetriever {
    async fn retrieve(&self, query: &Query) -> Result<Vec<Passage>> {
        self.retrieve.call("the retriever", &(&query.text, query.k, &query.filter)).await
    }

    /// The object's own `version`, or a new number each time: then no answer is found in a cache.
    fn version(&self) -> u64 {
        let version: Result<Option<u64>> = self.version.ask("the retriever", &());
        version.ok().flatten().unwrap_or_else(|| self.changes.fetch_add(1, Ordering::Relaxed))
    }
}

/// A JavaScript object with `get(key)`, `put(key, value)` and `remove(key)` as a cache. Bytes cross as lists of
/// numbers.
pub(crate) struct JsCache {
    get: Method,
    put: Method,
    remove: Method,
}

impl JsCache {
    /// A cache of these methods.
    pub(crate) fn new(get: Method, put: Method, remove: Method) -> Self {
        Self { get, put, remove }
    }
}

impl fmt::Debug for JsCache {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("JsCache")
    }
}

#[async_trait]
impl Cache for JsCache {
    async fn get(&self, key: &Key) -> Result<Option<Entry>> {
        let bytes: Option<Vec<u8>> = self.get.call("the cache", &(key.as_bytes(),)).await?;
        Ok(bytes.map(Entry::new))
    }

    async fn put(&self, key: &Key, entry: Entry) -> Result<()> {
        self.put.call("the cache", &(key.as_bytes(), &*entry.bytes)).await
    }

    async fn remove(&self, key: &Key) -> Result<()> {
        self.remove.call("the cache", &(key.as_bytes(),)).await
    }
}

/// A JavaScript object with `generate(prompt)` as a model.
pub(crate) struct JsLlm {
    name: String,
    context_window: usize,
    generate: Method,
    count_tokens: Option<Method>,
    generations: AtomicU32,
}

impl JsLlm {
    /// A model of these methods; `generate` takes [`Step`]s.
    pub(crate) fn new(
        name: String,
        context_window: usize,
        generate: Method,
        count_tokens: Option<Method>,
    ) -> Self {
        Self { name, context_window, generate, count_tokens, generations: AtomicU32::new(0) }
    }
}

impl fmt::Debug for JsLlm {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("JsLlm").field("name", &self.name).finish_non_exhaustive()
    }
}

#[async_trait]
impl Llm for JsLlm {
    async fn generate(&self, prompt: Prompt) -> Result<DeltaStream> {
        let generation = self.generations.fetch_add(1, Ordering::Relaxed);
        let step = Step { generation, prompt: Some(prompt), close: false };
        let pieces = Pieces { method: self.generate.clone(), step, is_over: false };
        Ok(from_pieces("the model", stream::try_unfold(pieces, Pieces::next)))
    }

    fn context_window(&self) -> usize {
        self.context_window
    }

    fn count_tokens(&self, text: &str) -> Result<usize> {
        count_tokens(self.count_tokens.as_ref(), "the model", text)
    }

    fn name(&self) -> &str {
        &self.name
    }
}

/// What JavaScript does for a generation: starts it with a prompt and gives its first piece, gives the next one, or
/// closes it. Null is the end.
#[derive(Serialize)]
struct Step {
    generation: u32,
    prompt: Option<Prompt>,
    close: bool,
}

/// What a model says, step by step; closed when it is dropped before its end.
struct Pieces {
    method: Method,
    step: Step,
    is_over: bool,
}

impl Pieces {
    async fn next(mut self) -> Result<Option<(Value, Self)>> {
        let piece: Option<Value> = self.method.call("the model", &self.step).await?;
        self.step.prompt = None;
        self.is_over = piece.is_none();
        Ok(piece.map(|piece| (piece, self)))
    }
}

impl Drop for Pieces {
    fn drop(&mut self) {
        if !self.is_over {
            self.method.tell(&Step { prompt: None, close: true, ..self.step });
        }
    }
}

/// A JavaScript object with `embed(texts)` as an embedder.
pub(crate) struct JsEmbedder {
    name: String,
    dimensions: usize,
    max_tokens: usize,
    embed: Method,
    embed_queries: Method,
    count_tokens: Option<Method>,
}

impl JsEmbedder {
    /// An embedder of these methods; without a maximum, the whole text counts.
    pub(crate) fn new(
        name: String,
        dimensions: u32,
        max_tokens: Option<u32>,
        embed: Method,
        embed_queries: Method,
        count_tokens: Option<Method>,
    ) -> Self {
        let max_tokens = max_tokens.map_or(usize::MAX, |tokens| tokens as usize);
        Self { name, dimensions: dimensions as usize, max_tokens, embed, embed_queries, count_tokens }
    }

    fn what(&self) -> String {
        format!("embedder `{}`", self.name)
    }
}

impl fmt::Debug for JsEmbedder {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("JsEmbedder").field("name", &self.name).finish_non_exhaustive()
    }
}

#[async_trait]
impl Embedder for JsEmbedder {
    async fn embed(&self, texts: Vec<String>) -> Result<Vec<Vec<f32>>> {
        self.embed.call(&self.what(), &texts).await
    }

    async fn embed_queries(&self, texts: Vec<String>) -> Result<Vec<Vec<f32>>> {
        self.embed_queries.call(&self.what(), &texts).await
    }

    fn dimensions(&self) -> usize {
        self.dimensions
    }

    fn max_tokens(&self) -> usize {
        self.max_tokens
    }

    fn count_tokens(&self, text: &str) -> Result<usize> {
        count_tokens(self.count_tokens.as_ref(), &self.what(), text)
    }

    fn name(&self) -> &str {
        &self.name
    }
}

/// The number of tokens that `method` of `what` counts; an estimate without one.
fn count_tokens(method: Option<&Method>, what: &str, text: &str) -> Result<usize> {
    match method {
        Some(method) => method.ask(what, &(text,)),
        // More than most tokenizers give.
        None => Ok(text.len().div_ceil(3)),
    }
}
