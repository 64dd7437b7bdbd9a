use std::collections::HashMap;

use async_trait::async_trait;

use super::{Cache, Entry, Key};
use crate::retrieval::Embedder;
use crate::{Error, Result};

/// An embedder that computes the vector of a passage once and keeps it in a [`Cache`], by its own name and the text.
///
/// ```
/// use rushlight::{CachedEmbedder, Embedder, HashedEmbedder, MemoryCache};
///
/// # #[tokio::main] async fn main() -> rushlight::Result<()> {
/// let embedder = CachedEmbedder::new(HashedEmbedder::new(64), MemoryCache::default());
/// let first = embedder.embed(vec!["the same".to_owned()]).await?;
/// assert_eq!(embedder.embed(vec!["the same".to_owned()]).await?, first);
/// # Ok(()) }
/// ```
///
/// - Vectors of embedders with different names never meet, so that many may share one cache, with answers too.
/// - A text that a call has twice is computed once.
/// - Questions are not kept: prompts for questions are no part of an embedder's name.
/// - A cache that fails is logged and passed over; what cannot be a vector of this embedder is computed anew.
///
/// # Cancellation
///
/// Dropping the future may leave some of its vectors in the cache.
#[derive(Debug, Clone)]
pub struct CachedEmbedder<E, C> {
    embedder: E,
    cache: C,
}

impl<E: Embedder, C: Cache> CachedEmbedder<E, C> {
    /// What `embedder` computes, unless `cache` has it.
    pub fn new(embedder: E, cache: C) -> Self {
        Self { embedder, cache }
    }

    fn key(&self, text: &str) -> Key {
        Key::builder("embedding/1").part("embedder", self.embedder.name()).part("text", text).finish()
    }

    /// Whether it has the promised length and only finite numbers.
    fn is_vector(&self, vector: &[f32]) -> bool {
        vector.len() == self.embedder.dimensions() && vector.iter().all(|value| value.is_finite())
    }

    async fn kept(&self, key: &Key) -> Option<Vec<f32>> {
        match self.cache.get(key).await {
            Ok(entry) => {
                let entry = entry?;
                let (numbers, rest) = entry.bytes.as_chunks();
                let vector: Vec<f32> = numbers.iter().map(|bytes| f32::from_le_bytes(*bytes)).collect();
                (rest.is_empty() && self.is_vector(&vector)).then_some(vector)
            }
            Err(error) => {
                tracing::warn!(error = error.chain(), "the cache cannot be read; the vector is computed");
                None
            }
        }
    }

    async fn keep(&self, key: &Key, vector: &[f32]) {
        if !self.is_vector(vector) {
            return;
        }
        let bytes: Vec<u8> = vector.iter().flat_map(|value| value.to_le_bytes()).collect();
        if let Err(error) = self.cache.put(key, Entry::new(bytes)).await {
            tracing::warn!(error = error.chain(), "the cache cannot be written; the vector is not kept");
        }
    }
}

#[async_trait]
#[deny(clippy::missing_trait_methods)]
impl<E: Embedder, C: Cache> Embedder for CachedEmbedder<E, C> {
    async fn embed(&self, texts: Vec<String>) -> Result<Vec<Vec<f32>>> {
        let keys: Vec<Key> = texts.iter().map(|text| self.key(text)).collect();
        let mut vectors: HashMap<Key, Vec<f32>> = HashMap::with_capacity(keys.len());
        let (mut missing, mut unknown) = (Vec::new(), Vec::new());
        for (key, text) in keys.iter().zip(texts) {
            if vectors.contains_key(key) {
                continue;
            }
            let kept = self.kept(key).await;
            if kept.is_none() {
                missing.push(*key);
                unknown.push(text);
            }
            vectors.insert(*key, kept.unwrap_or_default());
        }
        if !missing.is_empty() {
            let computed = self.embedder.embed(unknown).await?;
            if computed.len() != missing.len() {
                let message = format!("expected {} vectors, got {}", missing.len(), computed.len());
                let what = format!("embedder `{}`", self.embedder.name());
                return Err(Error::Foreign { what, source: message.into() });
            }
            for (key, vector) in missing.into_iter().zip(computed) {
                self.keep(&key, &vector).await;
                vectors.insert(key, vector);
            }
        }
        Ok(keys.iter().map(|key| vectors[key].clone()).collect())
    }

    async fn embed_queries(&self, texts: Vec<String>) -> Result<Vec<Vec<f32>>> {
        self.embedder.embed_queries(texts).await
    }

    fn dimensions(&self) -> usize {
        self.embedder.dimensions()
    }

    fn max_tokens(&self) -> usize {
        self.embedder.max_tokens()
    }

    fn count_tokens(&self, text: &str) -> Result<usize> {
        self.embedder.count_tokens(text)
    }

    fn name(&self) -> &str {
        self.embedder.name()
    }
}
