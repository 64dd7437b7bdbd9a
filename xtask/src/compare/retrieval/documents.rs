use super::bench::Bench;
use super::data::{spread, write_lines};
use super::numbers::p95;
use super::rows::MODEL;
use crate::compare::report::Better;
use crate::engine::retrieval::{Reply, Request, Task};
use crate::failure::{Failure, Result};
use crate::models::make_available;

const INGEST: &str = "ingest_documents_per_second";
const LATE: &str = "retrieve_p95_seconds";

/// Passages that are asked for.
const PASSAGES: usize = 5;

/// Documents to passages, end to end with each side's own way of cutting them.
pub(super) fn measure(bench: &mut Bench<'_>) -> Result<()> {
    let documents = spread(&bench.data.documents, bench.size(10_000, 300));
    let case = bench.case(&format!("{}-documents", documents.len()));
    if !bench.wants(&[INGEST, LATE], &case) {
        return Ok(());
    }
    let file = write_lines(bench.folder.join("documents.jsonl"), &documents)?;
    let queries = spread(&bench.data.queries, bench.size(200, 50));
    let model = make_available(MODEL)?.path;
    let graph = bench.folder.join(format!("{MODEL}.onnx"));
    let mut sides = bench.sides(Task::Documents)?;
    let open = Request::OpenEncoder { model, graph, threads: bench.threads };
    sides.retain_mut(|side| side.try_ask::<Reply>(&case, &open).is_some());
    let mut stored = Vec::new();
    let mut folders = Vec::new();
    for side in &mut sides {
        // Once: the slowest takes many minutes.
        let folder = tempfile::tempdir()
            .map_err(|error| Failure::new(format!("cannot create a temporary folder: {error}")))?;
        let ingest = Request::Ingest { documents: file.clone(), folder: folder.path().to_path_buf() };
        let reply: Option<Reply> = side.try_ask(&case, &ingest);
        if let Some(reply) = &reply {
            eprintln!("{case}: {}: {} passages in {:.1} s", side.name(), reply.passages, reply.seconds);
        }
        stored.push(reply.into_iter().collect());
        folders.push(folder);
    }
    let speed = |reply: &Reply| documents.len() as f64 / reply.seconds;
    bench.report(INGEST, &case, Better::Higher, (&sides, &stored), speed);
    let retrieve = Request::Retrieve { queries: queries.as_slice().into(), k: PASSAGES };
    let replies = bench.alternate(&mut sides, |side, index, _| {
        if stored[index].is_empty() { None } else { side.try_ask(&case, &retrieve) }
    });
    bench.report(LATE, &case, Better::Lower, (&sides, &replies), p95);
    Ok(())
}
