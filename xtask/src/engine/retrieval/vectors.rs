use std::fs::File;
use std::io::{BufReader, Read};
use std::time::{Duration, Instant};

use rushlight::retrieval::{
    Filter, FlatStore, HnswOptions, HnswStore, Metric, VectorQuery, VectorRow, VectorStore,
};
use tokio::runtime::Runtime;

use super::{Index, Reply, Rows};
use crate::engine::ours::resident_bytes;
use crate::failure::{Failure, Result};

/// Rows that are stored at once.
const TOGETHER: usize = 1_000;
/// The value of the fields that filters look for.
const MATCHES: &str = "yes";

/// One index of ours.
#[derive(Debug)]
pub(super) struct Vectors {
    store: Store,
}

#[derive(Debug)]
enum Store {
    Flat(FlatStore),
    Graph(HnswStore),
}

impl Vectors {
    pub(super) fn build(
        runtime: &Runtime,
        index: Index,
        rows: &Rows,
        every: &[usize],
    ) -> Result<(Self, Reply)> {
        let before = resident_bytes();
        let (store, took) = match index {
            Index::Exact => {
                let store = FlatStore::new(rows.dimensions, Metric::Cosine);
                let took = fill(runtime, &store, rows, every)?;
                (Store::Flat(store), took)
            }
            Index::Graph => {
                // All rows enter the graph at once, when they are there.
                let options = HnswOptions::default().m(16).ef_construction(200).rebuild_after(usize::MAX);
                let store = HnswStore::new(rows.dimensions, Metric::Cosine, options)?;
                let filled = fill(runtime, &store, rows, every)?;
                let start = Instant::now();
                runtime.block_on(store.rebuild())?;
                (Store::Graph(store), filled + start.elapsed())
            }
        };
        let bytes = resident_bytes() as f64 - before as f64;
        let reply = Reply { seconds: took.as_secs_f64(), bytes, ..Reply::default() };
        Ok((Self { store }, reply))
    }

    /// One search after the other, by one caller.
    pub(super) fn search(
        &self,
        runtime: &Runtime,
        queries: &Rows,
        k: usize,
        effort: usize,
        every: Option<usize>,
    ) -> Result<Reply> {
        match &self.store {
            Store::Flat(store) => search(runtime, store, queries, k, every),
            Store::Graph(store) => search(runtime, &store.with_ef(effort)?, queries, k, every),
        }
    }
}

/// Stores all rows, a few at a time, and gives the time without that of reading them.
fn fill(runtime: &Runtime, store: &impl VectorStore, rows: &Rows, every: &[usize]) -> Result<Duration> {
    let mut took = Duration::ZERO;
    let mut reader = Reader::open(rows)?;
    for first in (0..rows.count).step_by(TOGETHER) {
        let ids = first..rows.count.min(first + TOGETHER);
        let read: Result<Vec<VectorRow>> = ids.map(|id| Ok(row(id, reader.next()?, every))).collect();
        let read = read?;
        let start = Instant::now();
        runtime.block_on(store.upsert(read))?;
        took += start.elapsed();
    }
    Ok(took)
}

/// A row with a field for each number of which its own is a multiple.
fn row(id: usize, vector: Vec<f32>, every: &[usize]) -> VectorRow {
    let steps = every.iter().filter(|step| id.is_multiple_of(**step));
    steps.fold(VectorRow::new(id as u64, vector), |row, step| row.field(field(*step), MATCHES))
}

fn search(
    runtime: &Runtime,
    store: &impl VectorStore,
    queries: &Rows,
    k: usize,
    every: Option<usize>,
) -> Result<Reply> {
    let mut reply = Reply::default();
    let mut reader = Reader::open(queries)?;
    for _ in 0..queries.count {
        let mut query = VectorQuery::new(reader.next()?, k);
        if let Some(step) = every {
            query = query.filter(Filter::equals(field(step), MATCHES));
        }
        let start = Instant::now();
        let found = runtime.block_on(store.search(&query))?;
        reply.times.push(start.elapsed().as_secs_f64());
        reply.found.push(found.iter().map(|found| found.id).collect());
    }
    Ok(reply)
}

/// The field that every so manieth row has.
fn field(step: usize) -> String {
    format!("every_{step}")
}

/// Reads vectors one after the other.
struct Reader<'a> {
    rows: &'a Rows,
    file: BufReader<File>,
    bytes: Vec<u8>,
}

impl<'a> Reader<'a> {
    fn open(rows: &'a Rows) -> Result<Self> {
        let file = File::open(&rows.path).map_err(|error| Failure::io("open", &rows.path, &error))?;
        Ok(Self { rows, file: BufReader::new(file), bytes: vec![0; rows.dimensions * size_of::<f32>()] })
    }

    fn next(&mut self) -> Result<Vec<f32>> {
        self.file
            .read_exact(&mut self.bytes)
            .map_err(|error| Failure::io("read", &self.rows.path, &error))?;
        let (values, _) = self.bytes.as_chunks();
        Ok(values.iter().map(|value| f32::from_ne_bytes(*value)).collect())
    }
}
