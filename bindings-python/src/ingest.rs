use pyo3::prelude::*;

use crate::convert::repr;

/// What an ingest did.
#[pyclass(frozen, eq, get_all, module = "rushlight")]
#[derive(Clone, PartialEq)]
pub(crate) struct IngestReport {
    /// Documents that were not stored before.
    added: usize,
    /// Documents that were replaced because they changed.
    updated: usize,
    /// Documents that are stored already as they are.
    unchanged: usize,
    /// Documents that were removed because their file is gone.
    deleted: usize,
    /// Documents that could not be stored; what was stored of them before is kept.
    failed: Vec<FailedDocument>,
    /// Passages that were written.
    chunks: usize,
}

impl From<rushlight::retrieval::IngestReport> for IngestReport {
    fn from(report: rushlight::retrieval::IngestReport) -> Self {
        let failed = report.failed.into_iter();
        Self {
            added: report.added,
            updated: report.updated,
            unchanged: report.unchanged,
            deleted: report.deleted,
            failed: failed.map(|each| FailedDocument { source: each.source, reason: each.reason }).collect(),
            chunks: report.chunks,
        }
    }
}

#[pymethods]
impl IngestReport {
    #[classattr]
    #[pyo3(name = "__match_args__")]
    const MATCH_ARGS: (&'static str, &'static str, &'static str, &'static str, &'static str, &'static str) =
        ("added", "updated", "unchanged", "deleted", "failed", "chunks");

    fn __repr__(slf: &Bound<'_, Self>) -> PyResult<String> {
        repr(slf)
    }
}

/// A document that could not be ingested.
#[pyclass(frozen, eq, get_all, module = "rushlight")]
#[derive(Clone, PartialEq)]
pub(crate) struct FailedDocument {
    /// The document's source or path.
    source: String,
    /// Why, with causes.
    reason: String,
}

#[pymethods]
impl FailedDocument {
    #[classattr]
    #[pyo3(name = "__match_args__")]
    const MATCH_ARGS: (&'static str, &'static str) = ("source", "reason");

    fn __repr__(slf: &Bound<'_, Self>) -> PyResult<String> {
        repr(slf)
    }
}

/// How far an ingest, an export or an import is.
#[pyclass(frozen, eq, get_all, module = "rushlight")]
#[derive(Clone, PartialEq)]
pub(crate) struct IngestProgress {
    /// The document that was just dealt with.
    source: String,
    /// Documents dealt with, this one included.
    done: usize,
    /// All documents.
    total: usize,
    /// Passages written so far.
    chunks: usize,
}

impl From<rushlight::retrieval::IngestProgress> for IngestProgress {
    fn from(progress: rushlight::retrieval::IngestProgress) -> Self {
        let rushlight::retrieval::IngestProgress { source, done, total, chunks, .. } = progress;
        Self { source, done, total, chunks }
    }
}

#[pymethods]
impl IngestProgress {
    #[classattr]
    #[pyo3(name = "__match_args__")]
    const MATCH_ARGS: (&'static str, &'static str, &'static str, &'static str) =
        ("source", "done", "total", "chunks");

    fn __repr__(slf: &Bound<'_, Self>) -> PyResult<String> {
        repr(slf)
    }
}
