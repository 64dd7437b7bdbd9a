use super::bench::Bench;
use super::graph::{Searches, build, size};
use super::numbers::queries_per_second;
use super::rows::Vectors;
use super::sweep::Sweep;
use crate::compare::report::{Better, Series};
use crate::engine::Engine;
use crate::engine::retrieval::{Index, Reply, Task};
use crate::failure::Result;

const SPEED: &str = "filtered_queries_per_second";
/// The share of the neighbours that a search among the rows that match must find.
const RECALL: f64 = 0.99;
/// Every so manieth row matches.
const SHARES: [(&str, usize); 2] = [("1-percent", 100), ("10-percent", 10)];

/// A case, and which rows match: every so manieth.
type Share = (String, usize);

/// Searches among the rows that match a filter. Building what a library needs for it is not measured, evaluating it is.
pub(super) fn measure(bench: &mut Bench<'_>) -> Result<()> {
    let (count, name) = size(bench);
    let mut shares = SHARES.map(|(share, every)| (bench.case(&format!("{name}/{share}")), every)).to_vec();
    shares.retain(|(case, _)| bench.wants(&[SPEED], case));
    if shares.is_empty() {
        return Ok(());
    }
    let vectors = Vectors::open(bench, count, bench.size(500, 200))?;
    let mut sides = bench.sides(Task::Vectors)?;
    let replies = searched(bench, &mut sides, Index::Graph, &vectors, &shares)?;
    // Ours decides by itself whether to follow the graph; whoever uses a library that does not may have done so.
    let without_graph = searched(bench, &mut sides[1..], Index::Exact, &vectors, &shares)?;
    for (((case, _), mut replies), without_graph) in shares.iter().zip(replies).zip(without_graph) {
        for ((side, replies), without_graph) in sides[1..].iter().zip(&mut replies[1..]).zip(without_graph) {
            if speed(&without_graph) > speed(replies) {
                eprintln!("{case}: {}: faster without a graph", side.name());
                *replies = without_graph;
            }
        }
        bench.report(SPEED, case, Better::Higher, (&sides, &replies), queries_per_second);
    }
    Ok(())
}

/// The replies of every side for every share, searched with one kind of index.
fn searched(
    bench: &Bench<'_>,
    sides: &mut [Engine],
    index: Index,
    vectors: &Vectors,
    shares: &[Share],
) -> Result<Vec<Vec<Vec<Reply>>>> {
    let Some((first, _)) = shares.first() else { return Ok(Vec::new()) };
    let every = SHARES.map(|(_, every)| every);
    let built = build(bench, sides, first, (index, &vectors.rows, &every));
    let replies = shares.iter().map(|(case, every)| {
        let searches = Searches::new(bench, vectors, 100, Some(*every))?;
        let mut sweeps: Vec<Sweep> = sides.iter().map(|_| Sweep::default()).collect();
        let efforts = searches.efforts(sides, &mut sweeps, &built, case, RECALL);
        Ok(searches.alternate(bench, sides, &efforts, case))
    });
    replies.collect()
}

/// Queries in a second; none of no replies.
fn speed(replies: &[Reply]) -> Option<f64> {
    Series { name: "", values: replies.iter().map(queries_per_second).collect() }.median()
}
