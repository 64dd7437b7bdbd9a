use super::bench::Bench;
use super::graph::{NEIGHBOURS, Searches};
use super::numbers::{queries_per_second, recall};
use super::rows::Vectors;
use crate::compare::report::Better;
use crate::engine::retrieval::{Index, Reply, Request, Task};
use crate::failure::Result;

const SPEED: &str = "exact_queries_per_second";
/// What is called exact: all neighbours but those of which rounding decides.
const RECALL: f64 = 0.9995;

/// Searches that compare every vector.
pub(super) fn measure(bench: &mut Bench<'_>) -> Result<()> {
    let most = bench.data.texts.len().min(bench.size(100_000, 10_000));
    let mut counts: Vec<usize> = [1_000, 10_000, 100_000].map(|size| size.min(most)).to_vec();
    counts.dedup();
    let case = |bench: &Bench<'_>, size: usize| bench.case(&format!("minilm-{size}"));
    counts.retain(|size| bench.wants(&[SPEED], &case(bench, *size)));
    if counts.is_empty() {
        return Ok(());
    }
    let all = Vectors::open(bench, most, bench.size(500, 200))?;
    let mut sides = bench.sides(Task::Vectors)?;
    for size in counts {
        let case = case(bench, size);
        let vectors = Vectors { rows: all.first(size), queries: all.queries(bench.size(200, 50)) };
        let searches = Searches::new(bench, &vectors, vectors.queries.count, None)?;
        let (rows, threads) = (vectors.rows.clone(), bench.threads);
        let request = Request::Build { index: Index::Exact, vectors: rows, every: Vec::new(), threads };
        let mut exact = Vec::new();
        for side in &mut sides {
            let built: Option<Reply> = side.try_ask(&case, &request);
            let reply: Option<Reply> = built.and_then(|_| side.try_ask(&case, &searches.request(NEIGHBOURS)));
            let found = reply.map(|reply| recall(&reply.found, searches.exact(), NEIGHBOURS));
            if let Some(recall) = found {
                let left_out = if recall < RECALL { ": left out, not exact" } else { "" };
                eprintln!("{case}: {}: recall {recall:.4}{left_out}", side.name());
            }
            exact.push(found.filter(|recall| *recall >= RECALL).map(|_| NEIGHBOURS));
        }
        let replies = searches.alternate(bench, &mut sides, &exact, &case);
        bench.report(SPEED, &case, Better::Higher, (&sides, &replies), queries_per_second);
    }
    Ok(())
}
