//! Objects of the caller's own as parts of the core.

use std::fmt;
use std::sync::atomic::{AtomicU64, Ordering};

use async_trait::async_trait;
use rushlight::cache::{Entry, Key};
use rushlight::{Cache, Passage, Query, Result, Retriever};

use crate::callback::Method;

/// A JavaScript object with `retrieve(question, k)` as a retriever.
pub(crate) struct JsRetriever {
    retrieve: Method,
    version: Method,
    changes: AtomicU64,
}

impl JsRetriever {
    /// A retriever of these methods; `version` gives the object's own, or null.
    pub(crate) fn new(retrieve: Method, version: Method) -> Self {
        Self { retrieve, version, changes: AtomicU64::new(0) }
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
        self.retrieve.call("the retriever", &(&query.text, query.k)).await
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
