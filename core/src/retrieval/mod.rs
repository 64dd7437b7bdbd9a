//! What do the documents say? From files to ranked passages.

mod blocking;
mod chunk;
mod dense;
mod document;
mod embed;
mod exchange;
mod filter;
mod hybrid;
mod ingest;
mod knowledge;
mod lexical;
mod load;
#[cfg(feature = "local")]
mod local;
mod metadata;
mod rerank;
mod shared;
mod store;
mod vector_query;
#[cfg(feature = "web")]
mod web;

use std::fmt::Debug;

use async_trait::async_trait;

pub use chunk::{Chunk, Chunker};
pub use document::{Document, Passage, Query, Scores};
pub use embed::HashedEmbedder;
#[cfg(feature = "local")]
pub use embed::{EncoderOptions, LocalEmbedder};
#[cfg(feature = "remote")]
pub use embed::{RemoteEmbedder, RemoteEmbedderOptions};
pub use filter::Filter;
pub use ingest::{FailedDocument, IngestOptions, IngestProgress, IngestReport};
pub use knowledge::{
    CompactReport, KnowledgeBase, KnowledgeBaseInfo, KnowledgeBaseOptions, KnowledgeRetriever,
    RetrieverOptions, SearchMode, StoreInfo, VectorIndex,
};
pub use lexical::{LexicalIndex, LexicalMatch};
#[cfg(feature = "local")]
pub use rerank::LocalReranker;
pub use rerank::{FunctionReranker, LexicalReranker, Reranked, diversify};
pub use store::{Durability, FlatStore, HnswOptions, HnswStore, Metric, StoreCheck};
#[cfg(feature = "postgres")]
pub use store::{PgVectorOptions, PgVectorStore};
#[cfg(feature = "qdrant")]
pub use store::{QdrantOptions, QdrantStore};
pub use vector_query::{Neighbour, VectorQuery, VectorRow};
#[cfg(feature = "web")]
pub(crate) use web::PageReader;
#[cfg(feature = "web")]
pub use web::WebOptions;

use crate::Result;

/// A source of passages for a question.
///
/// # Behaviour
///
/// - [`retrieve`](Retriever::retrieve) gives at most [`Query::k`] passages, best first, each at most once;
///   none when nothing is stored or the question is empty.
/// - It never changes what is stored.
#[async_trait]
pub trait Retriever: Debug + Send + Sync + 'static {
    /// The best passages for `query`.
    async fn retrieve(&self, query: &Query) -> Result<Vec<Passage>>;

    /// Changes whenever the same query may give other passages; part of the key of cached answers.
    fn version(&self) -> u64;
}

/// Texts to vectors.
///
/// # Behaviour
///
/// - [`embed`](Embedder::embed) gives one vector of [`dimensions`](Embedder::dimensions) for each text, in
///   order, of length 1; an empty list gives an empty list; an empty text gives a vector like any other.
/// - A text's vector does not depend on its neighbours in the batch, up to rounding.
/// - Text beyond [`max_tokens`](Embedder::max_tokens) is ignored.
/// - [`embed_queries`](Embedder::embed_queries) promises the same, with vectors that are compared with those of passages.
#[async_trait]
pub trait Embedder: Debug + Send + Sync + 'static {
    /// The vectors of `texts`, which are passages.
    async fn embed(&self, texts: Vec<String>) -> Result<Vec<Vec<f32>>>;

    /// The vectors of `texts`, which are questions. Some models tell them from passages; by default nothing does.
    async fn embed_queries(&self, texts: Vec<String>) -> Result<Vec<Vec<f32>>> {
        self.embed(texts).await
    }

    /// Length of every vector.
    fn dimensions(&self) -> usize;

    /// How many tokens of a text count, without special tokens.
    fn max_tokens(&self) -> usize;

    /// The number of tokens of `text`, without special tokens and without the limit.
    fn count_tokens(&self, text: &str) -> Result<usize>;

    /// The embedder's identity: vectors of different names cannot be compared.
    fn name(&self) -> &str;
}

/// A second opinion on passages that were found for a question: slower than a search, and read more closely.
///
/// # Behaviour
///
/// - [`score`](Reranker::score) gives one finite score for each passage, in order, higher is better; no passages
///   give no scores. Passages may repeat, and the question may be empty.
/// - It changes nothing, and the same question and passages give the same scores.
/// - A passage's score does not depend on its place among the others, nor on scores that it has from before.
///   Scores of one call can be compared, those of different calls need not.
///
/// # Cancellation
///
/// Dropping the future gives up the scores; nothing else remembers it.
#[async_trait]
pub trait Reranker: Debug + Send + Sync + 'static {
    /// How well each passage answers `query`.
    async fn score(&self, query: &Query, passages: &[Passage]) -> Result<Vec<f32>>;

    /// The reranker's identity: another name where the same passages may get another order. It is part of the
    /// version of a [`Reranked`] retriever.
    fn name(&self) -> &str;
}

/// Nearest neighbours among stored vectors.
///
/// # Behaviour
///
/// - [`upsert`](VectorStore::upsert) stores all rows or none; an id that exists is replaced. A vector of
///   the wrong length or with a value that is not finite is refused.
/// - [`search`](VectorStore::search) gives at most `k` rows, nearest first, ties by ascending id; none when
///   the store is empty.
/// - With a filter it searches among the rows that match, and gives `k` of them where there are so many. A
///   condition on a field that no row has holds for none.
/// - [`delete`](VectorStore::delete) of an unknown id does nothing; a deleted row is never found again.
/// - Searches and changes may run at the same time; a search sees each upsert whole or not at all.
/// - [`search_all`](VectorStore::search_all) gives what one search after the other would; stores in memory share the
///   queries among all threads.
#[async_trait]
pub trait VectorStore: Debug + Send + Sync + 'static {
    /// Stores rows.
    async fn upsert(&self, rows: Vec<VectorRow>) -> Result<()>;

    /// The rows nearest to the query's vector.
    async fn search(&self, query: &VectorQuery) -> Result<Vec<Neighbour>>;

    /// The rows nearest to the vector of each query, in their order.
    async fn search_all(&self, queries: &[VectorQuery]) -> Result<Vec<Vec<Neighbour>>> {
        store::one_by_one(self, queries).await
    }

    /// Removes rows.
    async fn delete(&self, ids: &[u64]) -> Result<()>;

    /// The number of rows.
    async fn count(&self) -> Result<usize>;
}
