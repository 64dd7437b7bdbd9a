//! Documents that say in every sentence in which round they were written, and a store of small passages for them.

use rushlight::Document;
use rushlight::retrieval::{HnswOptions, KnowledgeBaseOptions};

/// How many documents a round has.
pub const DOCUMENTS: usize = 40;

/// The documents of a round; a later round replaces all of them.
pub fn documents(round: usize) -> Vec<Document> {
    let text = |number: usize| format!("Document {number} was written in {}. ", name(round)).repeat(12);
    (0..DOCUMENTS).map(|number| Document::new(format!("document {number}"), text(number))).collect()
}

/// What the documents call their round: equally long for all of them.
pub fn name(round: usize) -> String {
    format!("round {round:06}")
}

/// A round takes several commits, and the graph is built and stored meanwhile.
pub fn options() -> KnowledgeBaseOptions {
    let hnsw = HnswOptions::default().rebuild_after(50);
    KnowledgeBaseOptions::default().chunk_tokens(16).ann_threshold(100).hnsw(hnsw)
}
