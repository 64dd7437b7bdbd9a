//! Knowledge bases, stores and embedders.

mod conformance;
mod crash;
mod ingest;
mod rerank;
mod search;
mod store;

use rushlight::retrieval::IngestProgress;
use rushlight::{Document, HashedEmbedder, KnowledgeBase};

fn embedder() -> HashedEmbedder {
    HashedEmbedder::new(64)
}

/// For callers who want no progress.
fn quiet(_: IngestProgress) {}

async fn in_memory(documents: Vec<Document>) -> KnowledgeBase {
    let base = KnowledgeBase::in_memory(embedder()).await.unwrap();
    base.ingest(documents, quiet).await.unwrap();
    base
}
