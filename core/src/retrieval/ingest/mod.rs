//! Documents into the knowledge base: only what changed, each document whole.

mod known;
mod options;
mod pipeline;
mod prepare;
mod report;
mod vectors;

pub use options::IngestOptions;
pub(super) use pipeline::{Ingest, delete};
pub use report::{FailedDocument, IngestProgress, IngestReport};
pub(super) use vectors::embed_query;
