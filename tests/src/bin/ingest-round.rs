//! Brings a store to a round of documents, telling of each one that is stored, and stays until somebody kills it or
//! closes its input. A test does.

#![expect(clippy::unwrap_used, reason = "this member is made of tests")]

use std::time::Instant;

use rushlight::{HashedEmbedder, KnowledgeBase};
use rushlight_tests::support::rounds;

#[tokio::main]
async fn main() {
    let mut arguments = std::env::args().skip(1);
    let (dir, round) = (arguments.next().unwrap(), arguments.next().unwrap().parse().unwrap());
    let base = KnowledgeBase::open_with(dir, HashedEmbedder::new(64), rounds::options()).await.unwrap();
    println!("begin");
    let begin = Instant::now();
    base.ingest(rounds::documents(round), |progress| println!("stored {}", progress.source)).await.unwrap();
    println!("took {}", begin.elapsed().as_micros());
    std::io::copy(&mut std::io::stdin(), &mut std::io::sink()).unwrap();
}
