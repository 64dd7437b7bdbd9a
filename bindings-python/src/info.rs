use std::path::PathBuf;

use pyo3::prelude::*;
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
    /// The number of tokens that the model knows.
    vocabulary: usize,
}

impl ModelInfo {
    pub(crate) fn of(llm: &rushlight::LocalLlm) -> Self {
        let info = llm.info().clone();
        Self {
            name: info.name,
            architecture: info.architecture,
            parameters: info.parameters,
            quantisation: info.quantisation,
            size_bytes: info.size_bytes,
            context_length: info.context_length,
            layers: info.layers,
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
}

impl From<Stored> for KnowledgeBaseInfo {
    fn from(info: Stored) -> Self {
        let Stored { path, documents, chunks, embedder, dimensions, vectors, .. } = info;
        let vectors = match vectors {
            retrieval::VectorIndex::Hnsw { covered } => VectorIndex { kind: "hnsw", covered: Some(covered) },
            _ => VectorIndex { kind: "exact", covered: None },
        };
        Self { path, documents, chunks, embedder, dimensions, vectors }
    }
}

#[pymethods]
impl KnowledgeBaseInfo {
    #[classattr]
    #[pyo3(name = "__match_args__")]
    const MATCH_ARGS: (&'static str, &'static str, &'static str, &'static str, &'static str, &'static str) =
        ("path", "documents", "chunks", "embedder", "dimensions", "vectors");

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
