//! What do the documents say? From files to ranked passages.

mod blocking;
mod chunk;
mod dense;
mod document;
mod embed;
mod hybrid;
mod ingest;
mod knowledge;
mod lexical;
mod load;
mod rerank;
mod shared;
mod store;

use std::fmt::Debug;

use async_trait::async_trait;

pub use chunk::{Chunk, Chunker};
pub use document::{Document, Passage, Query, Scores};
pub use embed::HashedEmbedder;
#[cfg(feature = "local")]
pub use embed::LocalEmbedder;
pub use ingest::{FailedDocument, IngestProgress, IngestReport};
pub use knowledge::{KnowledgeBase, KnowledgeBaseInfo, KnowledgeBaseOptions, SearchMode, VectorIndex};
pub use lexical::{LexicalIndex, LexicalMatch};
pub use rerank::{FunctionReranker, LexicalReranker, Reranked};
pub use store::{Durability, FlatStore, HnswOptions, HnswStore, Metric};

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
#[async_trait]
pub trait Embedder: Debug + Send + Sync + 'static {
    /// The vectors of `texts`.
    async fn embed(&self, texts: Vec<String>) -> Result<Vec<Vec<f32>>>;

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

/// A vector that is stored under an id of the caller's.
#[derive(Debug, Clone, PartialEq)]
pub struct VectorRow {
    /// The caller's id.
    pub id: u64,
    /// The vector; all rows of a store have the same length.
    pub vector: Vec<f32>,
}

/// One result of [`VectorStore::search`].
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Neighbour {
    /// The row's id.
    pub id: u64,
    /// Similarity, higher is nearer: the cosine, the dot product, or the negated Euclidean distance.
    pub score: f32,
}

/// Nearest neighbours among stored vectors.
///
/// # Behaviour
///
/// - [`upsert`](VectorStore::upsert) stores all rows or none; an id that exists is replaced. A vector of
///   the wrong length or with a value that is not finite is refused.
/// - [`search`](VectorStore::search) gives at most `k` rows, nearest first, ties by ascending id; none when
///   the store is empty.
/// - [`delete`](VectorStore::delete) of an unknown id does nothing; a deleted row is never found again.
/// - Searches and changes may run at the same time; a search sees each upsert whole or not at all.
#[async_trait]
pub trait VectorStore: Debug + Send + Sync + 'static {
    /// Stores rows.
    async fn upsert(&self, rows: Vec<VectorRow>) -> Result<()>;

    /// The `k` rows nearest to `vector`.
    async fn search(&self, vector: &[f32], k: usize) -> Result<Vec<Neighbour>>;

    /// Removes rows.
    async fn delete(&self, ids: &[u64]) -> Result<()>;

    /// The number of rows.
    async fn count(&self) -> Result<usize>;
}
