use serde::{Deserialize, Serialize};

/// What an ingest did.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct IngestReport {
    /// Documents that were not stored before.
    pub added: usize,
    /// Documents that were replaced because they changed.
    pub updated: usize,
    /// Documents that are stored already as they are.
    pub unchanged: usize,
    /// Documents that were removed because their file is gone.
    pub deleted: usize,
    /// Documents that could not be stored; what was stored of them before is kept.
    pub failed: Vec<FailedDocument>,
    /// Chunks that were written.
    pub chunks: usize,
}

/// A document that could not be ingested.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct FailedDocument {
    /// The document's source or path.
    pub source: String,
    /// Why, with causes.
    pub reason: String,
}

/// How far an ingest, an export or an import is, told after every document.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct IngestProgress {
    /// The document that was just dealt with.
    pub source: String,
    /// Documents dealt with, this one included.
    pub done: usize,
    /// All documents.
    pub total: usize,
    /// Chunks written so far.
    pub chunks: usize,
}
