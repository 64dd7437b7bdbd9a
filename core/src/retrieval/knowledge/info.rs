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
    /// The length of all its files in bytes; 0 for one without.
    pub bytes: u64,
}

/// What a store holds, by its own account.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct StoreInfo {
    /// The store's file.
    pub path: PathBuf,
    /// The version of its format.
    pub format: u32,
    /// The name of the embedder that it was made with, and that opens it.
    pub embedder: String,
    /// Length of the embedder's vectors.
    pub dimensions: usize,
    /// The number of documents.
    pub documents: usize,
    /// The number of chunks.
    pub chunks: usize,
    /// The length of all its files in bytes.
    pub bytes: u64,
}

/// What compacting a store gained.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct CompactReport {
    /// The length of all files in bytes before.
    pub bytes_before: u64,
    /// Their length after.
    pub bytes_after: u64,
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
