use std::collections::HashMap;
use std::fs::File;
use std::io::{BufRead, BufReader, Read};
use std::path::PathBuf;
use std::sync::Arc;

use serde::de::DeserializeOwned;

use super::format::{DocumentLine, FORMAT, Header, VERSION};
use crate::retrieval::blocking::blocking;
use crate::retrieval::knowledge::Shared;
use crate::retrieval::store::sqlite::{Commit, NewDocument, StoredDocument};
use crate::retrieval::{IngestProgress, IngestReport};
use crate::{Error, Result};

const WORKER: &str = "import";

/// A commit has at least this many chunks, or this many documents.
const BATCH_CHUNKS: usize = 1_000;
const BATCH_DOCUMENTS: usize = 1_000;

/// Longer lines are refused before they fill the memory.
const MAX_LINE: u64 = 1 << 30;

/// Stores what the file at `path` holds, in batches; dropping the future stops after the one at hand.
pub(in crate::retrieval) async fn import(
    shared: &Arc<Shared>,
    path: PathBuf,
    progress: &(dyn Fn(IngestProgress) + Send + Sync),
) -> Result<IngestReport> {
    shared.check_writable()?;
    let _only_one = shared.ingesting.lock().await;
    let at = Arc::clone(shared);
    let mut import = blocking(WORKER, move || Import::open(at, path)).await?;
    loop {
        let (returned, steps) = blocking(WORKER, move || import.batch().map(|steps| (import, steps))).await?;
        import = returned;
        if steps.is_empty() {
            break;
        }
        steps.into_iter().for_each(progress);
    }
    let at = Arc::clone(shared);
    blocking(WORKER, move || at.checkpoint()).await?;
    Ok(import.report)
}

/// An import that is at work.
struct Import {
    shared: Arc<Shared>,
    lines: Lines,
    /// The number of documents that the file says it has.
    documents: usize,
    known: HashMap<String, StoredDocument>,
    report: IngestReport,
}

impl Import {
    fn open(shared: Arc<Shared>, path: PathBuf) -> Result<Self> {
        let mut lines = Lines::open(path)?;
        let header: Header = lines.next()?.ok_or_else(|| lines.damaged("expected a header, got nothing"))?;
        if header.format != FORMAT {
            return Err(lines.damaged(format!("expected the format `{FORMAT}`, got `{}`", header.format)));
        }
        let what = format!("`{}`", lines.path.display());
        if header.version > VERSION {
            let message = format!("expected format version {VERSION} or older, got {}", header.version);
            return Err(Error::invalid(what, message));
        }
        let embedder = &shared.embedder;
        if (header.embedder.as_str(), header.dimensions) != (embedder.name(), embedder.dimensions()) {
            let message = format!(
                "expected vectors of `{}` ({} dimensions), got vectors of `{}` ({})",
                embedder.name(),
                embedder.dimensions(),
                header.embedder,
                header.dimensions
            );
            return Err(Error::invalid(what, message));
        }
        let known = shared.stored_documents()?.into_iter();
        let known = known.map(|document| (document.source.clone(), document)).collect();
        Ok(Self { shared, lines, documents: header.documents, known, report: IngestReport::default() })
    }

    /// Stores the next documents and says so of each; nothing when there are no more.
    fn batch(&mut self) -> Result<Vec<IngestProgress>> {
        let (mut commit, mut steps) = (Commit::default(), Vec::new());
        let mut report = self.report.clone();
        while report.chunks - self.report.chunks < BATCH_CHUNKS && steps.len() < BATCH_DOCUMENTS {
            let Some(document) = self.document()? else {
                break;
            };
            let source = document.source.clone();
            match self.known.insert(source.clone(), stored(&document)) {
                Some(before) if is_same(&before, &document) => report.unchanged += 1,
                before => {
                    if before.is_some() {
                        report.updated += 1;
                    } else {
                        report.added += 1;
                    }
                    report.chunks += document.chunks.len();
                    commit.stored.push(document);
                }
            }
            let done = report.added + report.updated + report.unchanged;
            steps.push(IngestProgress { source, done, total: self.documents, chunks: report.chunks });
        }
        self.shared.commit(commit)?;
        self.report = report;
        Ok(steps)
    }

    fn document(&mut self) -> Result<Option<NewDocument>> {
        let Some(line) = self.lines.next::<DocumentLine>()? else {
            let (expected, got) = (self.documents, self.lines.number - 1);
            if expected != got {
                return Err(self.lines.damaged(format!("expected {expected} documents, got {got}")));
            }
            return Ok(None);
        };
        let document = line.into_document(self.shared.embedder.dimensions());
        document.map(Some).map_err(|problem| self.lines.damaged(self.lines.at(problem)))
    }
}

fn stored(document: &NewDocument) -> StoredDocument {
    StoredDocument {
        source: document.source.clone(),
        hash: document.hash.to_vec(),
        recipe: document.recipe.clone(),
        path: document.path.clone(),
        size: None,
        modified: None,
    }
}

fn is_same(stored: &StoredDocument, document: &NewDocument) -> bool {
    (&stored.hash[..], &stored.recipe, &stored.path) == (&document.hash[..], &document.recipe, &document.path)
}

/// The lines of a file, each a value in JSON.
struct Lines {
    path: PathBuf,
    reader: BufReader<File>,
    /// The number of lines that were read.
    number: usize,
}

impl Lines {
    fn open(path: PathBuf) -> Result<Self> {
        let file = File::open(&path).map_err(|error| Error::io("open", &path, error))?;
        Ok(Self { path, reader: BufReader::with_capacity(1 << 16, file), number: 0 })
    }

    /// The next line; nothing at the end of the file.
    fn next<T: DeserializeOwned>(&mut self) -> Result<Option<T>> {
        let mut line = Vec::new();
        let mut limited = (&mut self.reader).take(MAX_LINE);
        limited.read_until(b'\n', &mut line).map_err(|error| Error::io("read", &self.path, error))?;
        if line.is_empty() {
            return Ok(None);
        }
        self.number += 1;
        if line.len() as u64 == MAX_LINE {
            return Err(self.damaged(self.at(format!("expected fewer than {MAX_LINE} bytes"))));
        }
        line.pop_if(|byte| *byte == b'\n');
        let value = serde_json::from_slice(&line);
        value.map(Some).map_err(|error| self.damaged(self.at(error)))
    }

    fn at(&self, problem: impl std::fmt::Display) -> String {
        format!("line {}: {problem}", self.number)
    }

    fn damaged(&self, message: impl Into<String>) -> Error {
        Error::Corrupt { path: self.path.clone(), message: message.into() }
    }
}
