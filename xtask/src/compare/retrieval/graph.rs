use super::bench::Bench;
use super::numbers::{p95, queries_per_second, recall};
use super::rows::Vectors;
use super::sweep::{Sweep, Tried};
use super::word_vectors::WordVectors;
use crate::compare::report::Better;
use crate::engine::Engine;
use crate::engine::retrieval::{Index, Reply, Request, Rows, Task};
use crate::failure::Result;

const BUILD: &str = "index_build_seconds";
const BYTES: &str = "index_bytes";
const SPEED: &str = "vector_queries_per_second";
const LATE: &str = "vector_p95_seconds";

/// Neighbours that are asked for.
pub(super) const NEIGHBOURS: usize = 10;
const RECALLS: [(&str, f64); 2] = [("recall-0.95", 0.95), ("recall-0.99", 0.99)];

/// How many vectors there are for a graph, and its name in cases.
pub(super) fn size(bench: &Bench<'_>) -> (usize, String) {
    let count = bench.data.texts.len().min(bench.size(100_000, 10_000));
    (count, format!("minilm-{count}"))
}

/// Vectors whose graphs are compared.
#[derive(Debug, Clone, Copy)]
enum Source<'a> {
    Sentences,
    Words(&'a WordVectors),
}

/// Building a graph, its memory, and searching it as thoroughly as each recall needs.
pub(super) fn measure(bench: &mut Bench<'_>) -> Result<()> {
    measure_source(bench, Source::Sentences)?;
    let data = bench.data;
    data.word_vectors.as_ref().map_or(Ok(()), |words| measure_source(bench, Source::Words(words)))
}

fn measure_source(bench: &mut Bench<'_>, source: Source<'_>) -> Result<()> {
    let queries = bench.size(500, 200);
    let (count, name) = match source {
        Source::Sentences => size(bench),
        Source::Words(words) => {
            let count = words.count(bench.size(100_000, 10_000), queries);
            (count, format!("glove-{count}"))
        }
    };
    let built_case = bench.case(&name);
    let mut recalls =
        RECALLS.map(|(recall, least)| (bench.case(&format!("{name}/{recall}")), least)).to_vec();
    recalls.retain(|(case, _)| bench.wants(&[SPEED, LATE], case));
    if recalls.is_empty() && !bench.wants(&[BUILD, BYTES], &built_case) {
        return Ok(());
    }
    let vectors = match source {
        Source::Sentences => Vectors::open(bench, count, queries)?,
        Source::Words(words) => words.write(&bench.folder, count, queries)?,
    };
    let mut sides = bench.sides(Task::Vectors)?;
    let built = build(bench, &mut sides, &built_case, (Index::Graph, &vectors.rows, &[]));
    bench.report(BUILD, &built_case, Better::Lower, (&sides, &built), |reply| reply.seconds);
    bench.report(BYTES, &built_case, Better::Lower, (&sides, &built), |reply| reply.bytes);
    if recalls.is_empty() {
        return Ok(());
    }
    let mut sweeps: Vec<Sweep> = sides.iter().map(|_| Sweep::default()).collect();
    let searches = Searches::new(bench, &vectors, vectors.queries.count, None)?;
    for (case, least) in recalls {
        let efforts = searches.efforts(&mut sides, &mut sweeps, &built, &case, least);
        let replies = searches.alternate(bench, &mut sides, &efforts, &case);
        bench.report(SPEED, &case, Better::Higher, (&sides, &replies), queries_per_second);
        bench.report(LATE, &case, Better::Lower, (&sides, &replies), p95);
    }
    Ok(())
}

/// Builds every side's index, once: the slowest takes minutes. Searches will be among every so manieth row, too.
pub(super) fn build(
    bench: &Bench<'_>,
    sides: &mut [Engine],
    case: &str,
    (index, rows, every): (Index, &Rows, &[usize]),
) -> Vec<Vec<Reply>> {
    let (vectors, every) = (rows.clone(), every.to_vec());
    let request = Request::Build { index, vectors, every, threads: bench.threads };
    sides.iter_mut().map(|side| side.try_ask(case, &request).into_iter().collect()).collect()
}

/// Searches among all rows or some of them, whose exact results are known.
#[derive(Debug)]
pub(super) struct Searches {
    queries: Rows,
    every: Option<usize>,
    exact: Vec<Vec<u64>>,
}

impl Searches {
    /// With so many of the queries, among every so manieth row.
    pub(super) fn new(
        bench: &Bench<'_>,
        vectors: &Vectors,
        queries: usize,
        every: Option<usize>,
    ) -> Result<Self> {
        let queries = vectors.queries(queries);
        let exact: Reply = bench.exact()?.require(&Request::Neighbours {
            vectors: vectors.rows.clone(),
            queries: queries.clone(),
            k: NEIGHBOURS,
            every,
        })?;
        Ok(Self { queries, every, exact: exact.found })
    }

    /// What the searches should find.
    pub(super) fn exact(&self) -> &[Vec<u64>] {
        &self.exact
    }

    pub(super) fn request(&self, effort: usize) -> Request<'_> {
        Request::Search { queries: self.queries.clone(), k: NEIGHBOURS, effort, every: self.every }
    }

    /// The first effort with which each side that was built reaches the recall; nothing, and a line, if none does.
    pub(super) fn efforts(
        &self,
        sides: &mut [Engine],
        sweeps: &mut [Sweep],
        built: &[Vec<Reply>],
        case: &str,
        least: f64,
    ) -> Vec<Option<usize>> {
        let both = sides.iter_mut().zip(sweeps).zip(built);
        both.map(|((side, sweep), built)| {
            if built.is_empty() {
                return None;
            }
            let found = sweep.first(least, |effort| {
                let reply: Reply = side.try_ask(case, &self.request(effort))?;
                Some(recall(&reply.found, &self.exact, NEIGHBOURS))
            });
            match found? {
                Ok(Tried { effort, recall }) => {
                    eprintln!("{case}: {}: recall {recall:.4} with {effort} candidates", side.name());
                    Some(effort)
                }
                Err(Tried { effort, recall }) => {
                    let name = side.name();
                    eprintln!(
                        "{case}: {name}: left out: recall {recall:.4} at most, with {effort} candidates"
                    );
                    None
                }
            }
        })
        .collect()
    }

    /// The timed searches of the sides that have an effort, in turn.
    pub(super) fn alternate(
        &self,
        bench: &Bench<'_>,
        sides: &mut [Engine],
        efforts: &[Option<usize>],
        case: &str,
    ) -> Vec<Vec<Reply>> {
        bench.alternate(sides, |side, index, _| side.try_ask(case, &self.request(efforts[index]?)))
    }
}
