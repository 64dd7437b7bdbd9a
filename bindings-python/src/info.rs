use std::path::PathBuf;

use pyo3::prelude::*;
use rushlight::llm;
use rushlight::retrieval::{self, KnowledgeBaseInfo as Stored};

use crate::convert::repr;

/// What a model's file says about it.
#[pyclass(frozen, eq, get_all, module = "rushlight")]
#[derive(Clone, PartialEq)]
pub(crate) struct ModelInfo {
    /// The name in the file, or the file's own name without its extension.
    name: String,
    /// The architecture, for example `llama`.
    architecture: String,
    /// The number of weights.
    parameters: u64,
    /// How most weights are stored, for example `Q4_K_M`.
    quantisation: String,
    /// The length of the file in bytes.
    size_bytes: u64,
    /// How many tokens prompt and answer may have together.
    context_length: usize,
    /// The number of transformer blocks.
    layers: usize,
    /// The width of the hidden state.
    hidden: usize,
    /// The number of attention heads in a block.
    heads: usize,
    /// The number of heads that have keys and values of their own; the others share them.
    kv_heads: usize,
    /// The number of tokens that the model knows.
    vocabulary: usize,
}

impl From<llm::ModelInfo> for ModelInfo {
    fn from(info: llm::ModelInfo) -> Self {
        Self {
            name: info.name,
            architecture: info.architecture,
            parameters: info.parameters,
            quantisation: info.quantisation,
            size_bytes: info.size_bytes,
            context_length: info.context_length,
            layers: info.layers,
            hidden: info.hidden,
            heads: info.heads,
            kv_heads: info.kv_heads,
            vocabulary: info.vocabulary,
        }
    }
}

#[pymethods]
impl ModelInfo {
    #[classattr]
    #[pyo3(name = "__match_args__")]
    const MATCH_ARGS: (&'static str, &'static str, &'static str, &'static str, &'static str) =
        ("name", "architecture", "parameters", "quantisation", "context_length");

    fn __repr__(slf: &Bound<'_, Self>) -> PyResult<String> {
        repr(slf)
    }
}

/// What a model takes of memory, in bytes.
#[pyclass(frozen, eq, get_all, module = "rushlight")]
#[derive(Clone, PartialEq)]
pub(crate) struct MemoryEstimate {
    /// The weights, most of them in a memory map.
    weights: u64,
    /// The tables of the tokenizer.
    tokenizer: u64,
    /// The keys and values of all tokens, once there are as many as there may be.
    keys_and_values: u64,
    /// What a pass works with, and what guesses of tokens are found in.
    buffers: u64,
    /// The keys and values of one token.
    kv_bytes_per_token: u64,
    /// All of it.
    total: u64,
}

impl From<llm::MemoryEstimate> for MemoryEstimate {
    fn from(memory: llm::MemoryEstimate) -> Self {
        let total = memory.total();
        let llm::MemoryEstimate { weights, tokenizer, keys_and_values, buffers, kv_bytes_per_token, .. } =
            memory;
        Self { weights, tokenizer, keys_and_values, buffers, kv_bytes_per_token, total }
    }
}

#[pymethods]
impl MemoryEstimate {
    #[classattr]
    #[pyo3(name = "__match_args__")]
    const MATCH_ARGS: (&'static str, &'static str, &'static str, &'static str, &'static str, &'static str) =
        ("weights", "tokenizer", "keys_and_values", "buffers", "kv_bytes_per_token", "total");

    fn __repr__(slf: &Bound<'_, Self>) -> PyResult<String> {
        repr(slf)
    }
}

/// How far the loading of a model is.
#[pyclass(frozen, eq, get_all, module = "rushlight")]
#[derive(Clone, PartialEq)]
pub(crate) struct LoadProgress {
    /// The model's name.
    model: String,
    /// `packing`: weights are put into the order in which they are read, the first time; `reading`: they are taken
    /// out of the file.
    stage: &'static str,
    /// Bytes of weights that this stage is done with.
    done: u64,
    /// Bytes of weights that it has to do with.
    total: u64,
}

impl LoadProgress {
    pub(crate) fn of(progress: &llm::LoadProgress<'_>) -> Self {
        let stage = match progress.stage {
            llm::LoadStage::Packing => "packing",
            _ => "reading",
        };
        Self { model: progress.model.to_owned(), stage, done: progress.done, total: progress.total }
    }
}

#[pymethods]
impl LoadProgress {
    #[classattr]
    #[pyo3(name = "__match_args__")]
    const MATCH_ARGS: (&'static str, &'static str, &'static str, &'static str) =
        ("model", "stage", "done", "total");

    fn __repr__(slf: &Bound<'_, Self>) -> PyResult<String> {
        repr(slf)
    }
}

/// What a knowledge base holds.
#[pyclass(frozen, eq, get_all, module = "rushlight")]
#[derive(Clone, PartialEq)]
pub(crate) struct KnowledgeBaseInfo {
    /// The store's file; `:memory:` for one without.
    path: PathBuf,
    /// The number of documents.
    documents: usize,
    /// The number of passages.
    chunks: usize,
    /// The embedder's name.
    embedder: String,
    /// Length of its vectors.
    dimensions: usize,
    /// How vectors are searched now.
    vectors: VectorIndex,
    /// The length of all its files in bytes; 0 for one without.
    bytes: u64,
}

impl From<Stored> for KnowledgeBaseInfo {
    fn from(info: Stored) -> Self {
        let Stored { path, documents, chunks, embedder, dimensions, vectors, bytes, .. } = info;
        let vectors = match vectors {
            retrieval::VectorIndex::Hnsw { covered } => VectorIndex { kind: "hnsw", covered: Some(covered) },
            _ => VectorIndex { kind: "exact", covered: None },
        };
        Self { path, documents, chunks, embedder, dimensions, vectors, bytes }
    }
}

#[pymethods]
impl KnowledgeBaseInfo {
    #[classattr]
    #[pyo3(name = "__match_args__")]
    const MATCH_ARGS: (
        &'static str,
        &'static str,
        &'static str,
        &'static str,
        &'static str,
        &'static str,
        &'static str,
    ) = ("path", "documents", "chunks", "embedder", "dimensions", "vectors", "bytes");

    fn __repr__(slf: &Bound<'_, Self>) -> PyResult<String> {
        repr(slf)
    }
}

/// How vectors are searched.
#[pyclass(frozen, eq, get_all, module = "rushlight")]
#[derive(Clone, PartialEq)]
pub(crate) struct VectorIndex {
    /// `exact`: one by one, nothing is missed; `hnsw`: in a graph.
    kind: &'static str,
    /// Passages that the graph covers; the others are searched one by one until it is rebuilt.
    covered: Option<usize>,
}

#[pymethods]
impl VectorIndex {
    #[classattr]
    #[pyo3(name = "__match_args__")]
    const MATCH_ARGS: (&'static str, &'static str) = ("kind", "covered");

    fn __repr__(slf: &Bound<'_, Self>) -> PyResult<String> {
        repr(slf)
    }
}
