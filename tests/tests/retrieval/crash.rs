use std::collections::{BTreeMap, BTreeSet};
use std::hash::{BuildHasher, RandomState};
use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::Duration;

use rushlight::retrieval::SearchMode;
use rushlight::{KnowledgeBase, Query};
use rushlight_tests::support::rounds;

use super::{embedder, quiet};

/// How many ingests are killed before they are done.
const KILLS: usize = 200;

/// The passages of each document, by source: id, start and text.
type Stored = BTreeMap<String, BTreeSet<(String, usize, String)>>;

/// What a child process told until its end.
#[derive(Default)]
struct Told {
    /// The documents that it had stored.
    stored: Vec<String>,
    /// How long the ingest took, if it was done.
    took: Option<Duration>,
}

impl Told {
    fn of(lines: impl Iterator<Item = String>) -> Self {
        let mut told = Self::default();
        for line in lines {
            match line.split_once(' ') {
                Some(("stored", source)) => told.stored.push(source.to_owned()),
                Some(("took", micros)) => told.took = Some(Duration::from_micros(micros.parse().unwrap())),
                _ => {}
            }
        }
        told
    }
}

/// A child process that brings the store in `dir` to a round.
fn ingest(dir: &Path, round: usize) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_ingest-round"));
    command.arg(dir).arg(round.to_string()).stdin(Stdio::piped()).stdout(Stdio::piped());
    command
}

/// Lets a child process ingest, and kills it some time after it began.
fn ingest_and_kill(dir: &Path, round: usize, after: Duration) -> Told {
    let mut child = ingest(dir, round).spawn().unwrap();
    let mut lines = BufReader::new(child.stdout.take().unwrap()).lines().map_while(Result::ok);
    assert_eq!(lines.next().as_deref(), Some("begin"));
    std::thread::sleep(after);
    child.kill().unwrap();
    child.wait().unwrap();
    Told::of(lines)
}

async fn stored(base: &KnowledgeBase) -> Stored {
    let every = Query::new("written in round").k(10_000);
    let mut stored = Stored::new();
    for passage in base.search(&every, SearchMode::Lexical).await.unwrap() {
        stored.entry(passage.source).or_default().insert((passage.id, passage.start, passage.text));
    }
    stored
}

/// A number from 0 to 1 by chance.
fn chance() -> f64 {
    RandomState::new().hash_one(()) as f64 / u64::MAX as f64
}

#[tokio::test]
async fn two_hundred_killed_ingests_leave_each_document_whole_and_lose_no_commit() {
    let dir = tempfile::tempdir().unwrap();
    let model = KnowledgeBase::in_memory_with(embedder(), rounds::options()).await.unwrap();
    model.ingest(rounds::documents(0), quiet).await.unwrap();
    let model = stored(&model).await;
    let of_round = |source: &String, round: usize| {
        let (from, to) = (rounds::name(0), rounds::name(round));
        let passages = model[source].iter();
        passages.map(|(id, start, text)| (id.clone(), *start, text.replace(&from, &to))).collect()
    };
    let first = ingest(dir.path(), 0).stdin(Stdio::null()).output().unwrap().stdout;
    let mut length = Told::of(first.lines().map(Result::unwrap)).took.unwrap();
    let mut newest: BTreeMap<&String, usize> = model.keys().map(|source| (source, 0)).collect();
    let (mut round, mut killed, mut amid) = (0, 0, 0);

    while killed < KILLS {
        round += 1;
        assert!(round < 3 * KILLS, "only {killed} of {round} ingests were killed before they were done");
        let told = ingest_and_kill(dir.path(), round, length.mul_f64(1.2 * chance()));
        match told.took {
            Some(took) => length = took,
            None => killed += 1,
        }

        let problems = KnowledgeBase::check(dir.path()).await.unwrap().problems;
        assert!(problems.is_empty(), "after round {round}: {problems:?}");
        let base = KnowledgeBase::open_with(dir.path(), embedder(), rounds::options()).await.unwrap();
        let passages = stored(&base).await;

        assert_eq!(passages.len(), rounds::DOCUMENTS);
        let mut replaced = 0;
        for (source, before) in &mut newest {
            if passages[*source] == of_round(source, round) {
                (*before, replaced) = (round, replaced + 1);
            } else {
                assert_eq!(passages[*source], of_round(source, *before), "after round {round}");
                assert!(!told.stored.contains(source), "`{source}` of round {round} was lost");
            }
        }
        amid += usize::from(0 < replaced && replaced < rounds::DOCUMENTS);
        let dense = base.search(&Query::new("written in round").k(10_000), SearchMode::Dense).await.unwrap();
        assert_eq!(dense.len(), base.len());
    }

    println!("{round} ingests, {killed} killed before they were done, {amid} with a part stored");
    assert!(amid > 0, "no ingest was killed between its commits");
}
