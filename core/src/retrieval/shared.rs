use std::sync::Arc;

use async_trait::async_trait;

use super::{Embedder, Neighbour, Passage, Query, Reranker, Retriever, VectorQuery, VectorRow, VectorStore};
use crate::Result;

#[async_trait]
#[deny(clippy::missing_trait_methods)]
impl<T: Retriever + ?Sized> Retriever for Arc<T> {
    async fn retrieve(&self, query: &Query) -> Result<Vec<Passage>> {
        (**self).retrieve(query).await
    }

    fn version(&self) -> u64 {
        (**self).version()
    }
}

#[async_trait]
#[deny(clippy::missing_trait_methods)]
impl<T: Embedder + ?Sized> Embedder for Arc<T> {
    async fn embed(&self, texts: Vec<String>) -> Result<Vec<Vec<f32>>> {
        (**self).embed(texts).await
    }

    async fn embed_queries(&self, texts: Vec<String>) -> Result<Vec<Vec<f32>>> {
        (**self).embed_queries(texts).await
    }

    fn dimensions(&self) -> usize {
        (**self).dimensions()
    }

    fn max_tokens(&self) -> usize {
        (**self).max_tokens()
    }

    fn count_tokens(&self, text: &str) -> Result<usize> {
        (**self).count_tokens(text)
    }

    fn name(&self) -> &str {
        (**self).name()
    }
}

#[async_trait]
#[deny(clippy::missing_trait_methods)]
impl<T: Reranker + ?Sized> Reranker for Arc<T> {
    async fn score(&self, query: &Query, passages: &[Passage]) -> Result<Vec<f32>> {
        (**self).score(query, passages).await
    }

    fn name(&self) -> &str {
        (**self).name()
    }
}

#[async_trait]
#[deny(clippy::missing_trait_methods)]
impl<T: VectorStore + ?Sized> VectorStore for Arc<T> {
    async fn upsert(&self, rows: Vec<VectorRow>) -> Result<()> {
        (**self).upsert(rows).await
    }

    async fn search(&self, query: &VectorQuery) -> Result<Vec<Neighbour>> {
        (**self).search(query).await
    }

    async fn search_all(&self, queries: &[VectorQuery]) -> Result<Vec<Vec<Neighbour>>> {
        (**self).search_all(queries).await
    }

    async fn delete(&self, ids: &[u64]) -> Result<()> {
        (**self).delete(ids).await
    }

    async fn count(&self) -> Result<usize> {
        (**self).count().await
    }
}
