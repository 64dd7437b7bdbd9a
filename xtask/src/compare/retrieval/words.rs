use super::bench::Bench;
use super::data::{spread, write_lines};
use super::numbers::{p95, queries_per_second};
use crate::compare::report::Better;
use crate::engine::retrieval::{Request, Task};
use crate::failure::Result;

const BUILD: &str = "bm25_build_seconds";
const SPEED: &str = "bm25_queries_per_second";
const LATE: &str = "bm25_p95_seconds";

/// Texts that are asked for.
const BEST: usize = 10;
/// The least and the most words of a query.
const WORDS: (usize, usize) = (5, 12);

/// An index of words, and the best texts by BM25.
pub(super) fn measure(bench: &mut Bench<'_>) -> Result<()> {
    let texts = spread(&bench.data.texts, bench.size(100_000, 10_000));
    let case = bench.case(&format!("{}-chunks", texts.len()));
    if !bench.wants(&[BUILD, SPEED, LATE], &case) {
        return Ok(());
    }
    let queries: Vec<String> = bench.data.queries.iter().filter(|query| is_asked(query)).cloned().collect();
    let queries = spread(&queries, bench.size(1_000, 200));
    eprintln!("{case}: {} queries of {} to {} words", queries.len(), WORDS.0, WORDS.1);
    let file = write_lines(bench.folder.join("texts.jsonl"), &texts)?;
    let mut sides = bench.sides(Task::Words)?;
    let request = Request::BuildWords { texts: file, threads: bench.threads };
    let built = bench.alternate(&mut sides, |side, _, _| side.try_ask(&case, &request));
    bench.report(BUILD, &case, Better::Lower, (&sides, &built), |reply| reply.seconds);
    let search = Request::SearchWords { queries: queries.as_slice().into(), k: BEST };
    let replies = bench.alternate(&mut sides, |side, index, _| {
        if built[index].is_empty() { None } else { side.try_ask(&case, &search) }
    });
    for (side, replies) in sides.iter().zip(&replies) {
        if let Some(reply) = replies.first() {
            eprintln!("{case}: {}: {} results", side.name(), reply.passages);
        }
    }
    bench.report(SPEED, &case, Better::Higher, (&sides, &replies), queries_per_second);
    bench.report(LATE, &case, Better::Lower, (&sides, &replies), p95);
    Ok(())
}

fn is_asked(query: &str) -> bool {
    (WORDS.0..=WORDS.1).contains(&query.split_whitespace().count())
}
