use std::fs;
use std::path::Path;

use sha2::{Digest, Sha256};

use super::bench::Bench;
use super::data::{spread, write_lines};
use crate::engine::retrieval::{Reply, Request, Rows};
use crate::failure::{Failure, Result};
use crate::models::make_available;
use crate::progress::Count;

/// The encoder of all cases, and the length of its vectors.
pub(super) const MODEL: &str = "all-MiniLM-L6-v2";
const DIMENSIONS: usize = 384;
/// Texts that are encoded between two looks at the progress.
const TOGETHER: usize = 512;

/// Vectors of real text, and those of questions.
#[derive(Debug)]
pub(super) struct Vectors {
    pub(super) rows: Rows,
    pub(super) queries: Rows,
}

impl Vectors {
    /// At most so many vectors and so many queries, computed by our encoder unless they are there from before.
    pub(super) fn open(bench: &Bench<'_>, rows: usize, queries: usize) -> Result<Self> {
        let data = bench.data;
        let vectors = Self {
            rows: encoded(bench, &spread(&data.texts, rows))?,
            queries: encoded(bench, &spread(&data.queries, queries))?,
        };
        if vectors.rows.count < rows {
            eprintln!("{} of {rows} vectors: the data has no more text", vectors.rows.count);
        }
        Ok(vectors)
    }

    /// The first of the vectors.
    pub(super) fn first(&self, count: usize) -> Rows {
        Rows { count, ..self.rows.clone() }
    }

    /// The first of the queries.
    pub(super) fn queries(&self, count: usize) -> Rows {
        Rows { count: self.queries.count.min(count), ..self.queries.clone() }
    }
}

/// The vectors of these texts, in a file that is named after them.
fn encoded(bench: &Bench<'_>, texts: &[String]) -> Result<Rows> {
    let mut hash = Sha256::new_with_prefix(MODEL);
    for text in texts {
        hash.update([0]);
        hash.update(text);
    }
    let digest = hash.finalize();
    let (start, _) = digest.split_first_chunk().expect("a digest has 32 bytes");
    let name = format!("{:016x}", u64::from_be_bytes(*start));
    let path = bench.folder.join(format!("{name}.f32"));
    let rows = Rows { path, count: texts.len(), dimensions: DIMENSIONS };
    if !rows.path.is_file() {
        let lines = write_lines(bench.folder.join(format!("{name}.jsonl")), texts)?;
        encode(bench, &lines, &rows)?;
        // What cannot be removed only takes space.
        let _ = fs::remove_file(lines);
    }
    Ok(rows)
}

fn encode(bench: &Bench<'_>, texts: &Path, rows: &Rows) -> Result<()> {
    let partial = rows.path.with_extension("part");
    // One that was broken off is begun anew.
    let _ = fs::remove_file(&partial);
    let mut ours = bench.ours()?;
    let model = make_available(MODEL)?.path;
    let graph = bench.folder.join(format!("{MODEL}.onnx"));
    ours.require::<Reply>(&Request::OpenEncoder { model, graph, threads: bench.threads })?;
    let count = Count::new("encoding texts");
    for from in (0..rows.count).step_by(TOGETHER) {
        count.show(from, rows.count);
        let request = Request::EmbedFile {
            texts: texts.to_path_buf(),
            from,
            count: TOGETHER.min(rows.count - from),
            vectors: partial.clone(),
        };
        ours.require::<Reply>(&request)?;
    }
    fs::rename(&partial, &rows.path).map_err(|error| Failure::io("rename", &partial, &error))
}
