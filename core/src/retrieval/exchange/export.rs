use std::fs::File;
use std::io::{self, BufWriter, Write};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use serde::Serialize;
use tokio::sync::mpsc;

use super::format::{DocumentLine, FORMAT, Header, VERSION};
use crate::retrieval::IngestProgress;
use crate::retrieval::blocking::blocking;
use crate::retrieval::knowledge::Shared;
use crate::{Error, Result};

const WORKER: &str = "export";

/// Documents that are written before anybody has heard of them.
const UNHEARD: usize = 64;

/// Writes everything that is stored to the file at `path`, which is there as a whole or not at all; dropping the future
/// stops after the document at hand.
pub(in crate::retrieval) async fn export(
    shared: &Arc<Shared>,
    path: PathBuf,
    progress: &(dyn Fn(IngestProgress) + Send + Sync),
) -> Result<()> {
    let shared = Arc::clone(shared);
    let (tell, mut told) = mpsc::channel(UNHEARD);
    let write = blocking(WORKER, move || write(&shared, &path, &tell));
    let hear = async {
        while let Some(step) = told.recv().await {
            progress(step);
        }
    };
    tokio::join!(write, hear).0
}

fn write(shared: &Shared, path: &Path, tell: &mpsc::Sender<IngestProgress>) -> Result<()> {
    let fail = |error| Error::io("write", path, error);
    let mut file = Unfinished::create(path).map_err(fail)?;
    shared.read_apart(|snapshot| {
        let total = snapshot.count_documents()?;
        let header = Header {
            format: FORMAT.to_owned(),
            version: VERSION,
            embedder: shared.embedder.name().to_owned(),
            dimensions: shared.embedder.dimensions(),
            documents: total,
        };
        file.line(&header).map_err(fail)?;
        let (mut done, mut chunks) = (0, 0);
        snapshot.each_document(|document| {
            (done, chunks) = (done + 1, chunks + document.chunks.len());
            let source = document.source.clone();
            file.line(&DocumentLine::from(document)).map_err(fail)?;
            // Nobody hears it once the future is dropped.
            let told = tell.blocking_send(IngestProgress { source, done, total, chunks });
            told.map_err(|_| Error::Cancelled)
        })
    })?;
    file.finish(path).map_err(fail)
}

/// A file that is gone when it is dropped, unless it was finished.
struct Unfinished {
    path: PathBuf,
    out: BufWriter<File>,
}

impl Unfinished {
    /// Creates a file beside the one at `path`, with a name that nobody else has.
    fn create(path: &Path) -> io::Result<Self> {
        static COUNT: AtomicUsize = AtomicUsize::new(0);
        let count = COUNT.fetch_add(1, Ordering::Relaxed);
        let path = path.with_added_extension(format!("{}-{count}.part", std::process::id()));
        let out = BufWriter::with_capacity(1 << 16, File::create(&path)?);
        Ok(Self { path, out })
    }

    fn line(&mut self, value: &impl Serialize) -> io::Result<()> {
        serde_json::to_writer(&mut self.out, value)?;
        self.out.write_all(b"\n")
    }

    /// Puts the file on the disk, and in the place of the one at `path`.
    fn finish(mut self, path: &Path) -> io::Result<()> {
        self.out.flush()?;
        self.out.get_ref().sync_all()?;
        std::fs::rename(&self.path, path)
    }
}

impl Drop for Unfinished {
    fn drop(&mut self) {
        // After the renaming there is none.
        let _ = std::fs::remove_file(&self.path);
    }
}
