use std::collections::{BTreeMap, BTreeSet};
use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::Duration;

use rushlight::retrieval::{KnowledgeBaseOptions, SearchMode};
use rushlight::{KnowledgeBase, Query};
use rushlight_tests::support::rounds;

use super::embedder;

/// Lets a child process ingest, kills it some time after its first round, and gives the last round it reported.
fn ingest_and_kill(dir: &Path, after: Duration) -> usize {
    let mut child = Command::new(env!("CARGO_BIN_EXE_ingest-until-killed"))
        .arg(dir)
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
    let first: usize = lines.next().unwrap().unwrap().parse().unwrap();
    std::thread::sleep(after);
    child.kill().unwrap();
    child.wait().unwrap();
    lines.map_while(Result::ok).filter_map(|line| line.parse().ok()).last().unwrap_or(first)
}

/// The rounds that the passages of each document are from.
async fn rounds_by_document(base: &KnowledgeBase) -> BTreeMap<String, BTreeSet<String>> {
    let passages = base.search(&Query::new("written in round").k(10_000), SearchMode::Lexical).await.unwrap();
    let mut rounds: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    for passage in passages {
        let seen = passage.text.split("in round ").skip(1).filter_map(|rest| rest.split('.').next());
        rounds.entry(passage.source).or_default().extend(seen.map(str::to_owned));
    }
    rounds
}

#[tokio::test]
async fn a_killed_ingest_leaves_each_document_whole_and_loses_no_commit() {
    let dir = tempfile::tempdir().unwrap();
    for kill in 0..8 {
        let reported = ingest_and_kill(dir.path(), Duration::from_millis(37 * kill));

        let options = KnowledgeBaseOptions::default().chunk_tokens(16);
        let base = KnowledgeBase::open_with(dir.path(), embedder(), options).await.unwrap();
        let rounds = rounds_by_document(&base).await;

        assert_eq!(rounds.len(), rounds::DOCUMENTS);
        for (source, rounds) in &rounds {
            let newest: usize = rounds.last().unwrap().parse().unwrap();
            assert_eq!(rounds.len(), 1, "`{source}` has passages of rounds {rounds:?}");
            assert!(newest >= reported, "`{source}` is of round {newest}, {reported} was committed");
        }
        let dense = base.search(&Query::new("written in round").k(10_000), SearchMode::Dense).await.unwrap();
        assert_eq!(dense.len(), base.len());
    }
}
