use std::path::PathBuf;

use serde::{Deserialize, Serialize};

/// What a knowledge base holds.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct KnowledgeBaseInfo {
    /// The store's file; `:memory:` for one without.
    pub path: PathBuf,
    /// The number of documents.
    pub documents: usize,
    /// The number of chunks.
    pub chunks: usize,
    /// The embedder's name.
    pub embedder: String,
    /// Length of its vectors.
    pub dimensions: usize,
    /// How vectors are searched now.
    pub vectors: VectorIndex,
}

/// How vectors are searched.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "kind")]
#[non_exhaustive]
pub enum VectorIndex {
    /// One by one: nothing is missed.
    Exact,
    /// In a graph (HNSW).
    Hnsw {
        /// Chunks that the graph covers; the others are searched one by one until it is rebuilt.
        covered: usize,
    },
}
