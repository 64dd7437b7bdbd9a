use std::path::PathBuf;

use pyo3::prelude::*;
use rushlight::retrieval;

use crate::convert::repr;

/// What a store holds, by its own account.
#[pyclass(frozen, eq, get_all, module = "rushlight")]
#[derive(Clone, PartialEq)]
pub(crate) struct StoreInfo {
    /// The store's file.
    path: PathBuf,
    /// The version of its format.
    format: u32,
    /// The name of the embedder that it was made with, and that opens it.
    embedder: String,
    /// Length of the embedder's vectors.
    dimensions: usize,
    /// The number of documents.
    documents: usize,
    /// The number of passages.
    chunks: usize,
    /// The length of all its files in bytes.
    bytes: u64,
}

impl From<retrieval::StoreInfo> for StoreInfo {
    fn from(info: retrieval::StoreInfo) -> Self {
        let retrieval::StoreInfo { path, format, embedder, dimensions, documents, chunks, bytes, .. } = info;
        Self { path, format, embedder, dimensions, documents, chunks, bytes }
    }
}

#[pymethods]
impl StoreInfo {
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
    ) = ("path", "format", "embedder", "dimensions", "documents", "chunks", "bytes");

    fn __repr__(slf: &Bound<'_, Self>) -> PyResult<String> {
        repr(slf)
    }
}

/// What a check of a store found.
#[pyclass(frozen, eq, get_all, module = "rushlight")]
#[derive(Clone, PartialEq)]
pub(crate) struct StoreCheck {
    /// Documents that were looked at.
    documents: usize,
    /// Passages that were looked at.
    chunks: usize,
    /// What is wrong, a sentence each, at most 100; empty for a sound store.
    problems: Vec<String>,
}

impl From<retrieval::StoreCheck> for StoreCheck {
    fn from(check: retrieval::StoreCheck) -> Self {
        let retrieval::StoreCheck { documents, chunks, problems, .. } = check;
        Self { documents, chunks, problems }
    }
}

#[pymethods]
impl StoreCheck {
    #[classattr]
    #[pyo3(name = "__match_args__")]
    const MATCH_ARGS: (&'static str, &'static str, &'static str) = ("documents", "chunks", "problems");

    fn __repr__(slf: &Bound<'_, Self>) -> PyResult<String> {
        repr(slf)
    }
}

/// What compacting a store gained.
#[pyclass(frozen, eq, get_all, module = "rushlight")]
#[derive(Clone, PartialEq)]
pub(crate) struct CompactReport {
    /// The length of all files in bytes before.
    bytes_before: u64,
    /// Their length after.
    bytes_after: u64,
}

impl From<retrieval::CompactReport> for CompactReport {
    fn from(report: retrieval::CompactReport) -> Self {
        let retrieval::CompactReport { bytes_before, bytes_after, .. } = report;
        Self { bytes_before, bytes_after }
    }
}

#[pymethods]
impl CompactReport {
    #[classattr]
    #[pyo3(name = "__match_args__")]
    const MATCH_ARGS: (&'static str, &'static str) = ("bytes_before", "bytes_after");

    fn __repr__(slf: &Bound<'_, Self>) -> PyResult<String> {
        repr(slf)
    }
}
