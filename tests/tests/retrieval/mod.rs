//! Knowledge bases, stores and embedders.

mod conformance;
mod crash;
mod embed;
mod exchange;
mod formats;
mod http;
mod ingest;
mod pgvector;
mod qdrant;
mod remote;
mod rerank;
mod retriever;
mod scenarios;
mod search;
mod store;
mod web;

use std::path::{Path, PathBuf};

use rushlight::retrieval::IngestProgress;
use rushlight::{Document, HashedEmbedder, KnowledgeBase, LocalReranker};

fn embedder() -> HashedEmbedder {
    HashedEmbedder::new(64)
}

fn encoders() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../core/models/tests/fixtures/encoders")
}

/// A tiny one with random weights.
async fn cross_encoder() -> LocalReranker {
    LocalReranker::open(encoders().join("cross").to_str().unwrap()).await.unwrap()
}

/// For callers who want no progress.
fn quiet(_: IngestProgress) {}

async fn in_memory(documents: Vec<Document>) -> KnowledgeBase {
    let base = KnowledgeBase::in_memory(embedder()).await.unwrap();
    base.ingest(documents, quiet).await.unwrap();
    base
}
