use serde::{Deserialize, Serialize};

use crate::retrieval::{Durability, HnswOptions};
use crate::setters::setters;

/// How passages are found.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum SearchMode {
    /// Vectors and words, fused by rank.
    #[default]
    Hybrid,
    /// Vectors only.
    Dense,
    /// Words only (BM25).
    Lexical,
}

/// Settings of a [`KnowledgeBase`](crate::KnowledgeBase).
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
#[non_exhaustive]
pub struct KnowledgeBaseOptions {
    /// Tokens of a chunk, title and headings included; never more than the embedder reads. Default 512.
    pub chunk_tokens: usize,
    /// Tokens that a chunk repeats from the one before, in whole sentences. Default 64.
    pub chunk_overlap: usize,
    /// Up to this many chunks, vectors are searched exactly; above it, with HNSW. Default 10 000.
    pub ann_threshold: usize,
    /// Parameters of the HNSW graph.
    pub hnsw: HnswOptions,
    /// What [`Retriever::retrieve`](crate::Retriever::retrieve) does. Default hybrid.
    pub mode: SearchMode,
    /// How many results of each list enter the fusion, or the number asked for where that is more. Default 100.
    pub fusion_depth: usize,
    /// Files above this many bytes are not read but reported. Default 32 MiB.
    pub max_file_bytes: u64,
    /// What survives a loss of power. Default [`Durability::Normal`].
    pub durability: Durability,
}

setters!(KnowledgeBaseOptions {
    chunk_tokens: usize,
    chunk_overlap: usize,
    ann_threshold: usize,
    hnsw: HnswOptions,
    mode: SearchMode,
    fusion_depth: usize,
    max_file_bytes: u64,
    durability: Durability
});

impl Default for KnowledgeBaseOptions {
    fn default() -> Self {
        Self {
            chunk_tokens: 512,
            chunk_overlap: 64,
            ann_threshold: 10_000,
            hnsw: HnswOptions::default(),
            mode: SearchMode::default(),
            fusion_depth: 100,
            max_file_bytes: 32 << 20,
            durability: Durability::default(),
        }
    }
}
