//! Replaces the documents of a store, round after round, until somebody kills it. A test does.

#![expect(clippy::unwrap_used, reason = "this member is made of tests")]

use std::io::Write;

use rushlight::retrieval::KnowledgeBaseOptions;
use rushlight::{HashedEmbedder, KnowledgeBase};
use rushlight_tests::support::rounds;

#[tokio::main]
async fn main() {
    let dir = std::env::args().nth(1).unwrap();
    let options = KnowledgeBaseOptions::default().chunk_tokens(16);
    let base = KnowledgeBase::open_with(dir, HashedEmbedder::new(64), options).await.unwrap();
    for round in 0.. {
        base.ingest(rounds::documents(round), |_| {}).await.unwrap();
        println!("{round}");
        std::io::stdout().flush().unwrap();
    }
}
