use std::path::{Path, PathBuf};
use std::sync::Arc;

use async_trait::async_trait;

use super::{KnowledgeBaseInfo, KnowledgeBaseOptions, SearchMode, Shared};
use crate::Result;
use crate::retrieval::blocking::blocking;
use crate::retrieval::ingest::{self, Ingest};
use crate::retrieval::{Document, Embedder, IngestProgress, IngestReport, Passage, Query, Retriever};

const WORKER: &str = "knowledge base";

/// The user's documents, cut into passages that are found by meaning and by words.
///
/// A handle to one store: clones share it. Everything is kept in one directory, with `SQLite` as the source
/// of truth and the indexes built from it when it is opened. The directory can be copied while no one has it
/// open. One process writes; others may read meanwhile ([`open_read_only`](Self::open_read_only)).
///
/// # Behaviour
///
/// - A document is replaced as a whole: a search sees its old passages or its new ones, never both or neither,
///   and so does whoever opens the store after a crash.
/// - Ingesting what is stored already changes nothing and embeds nothing.
/// - Files are read, texts embedded and the store written on threads that may block, never on the async workers.
/// - What survives a crash is set by [`Durability`](crate::retrieval::Durability).
#[derive(Debug, Clone)]
pub struct KnowledgeBase {
    shared: Arc<Shared>,
}

impl KnowledgeBase {
    /// Opens the store in `dir`, or makes one, with the default options.
    ///
    /// # Errors
    ///
    /// [`Error::Busy`](crate::Error::Busy) while another handle has it open for writing;
    /// [`Error::Corrupt`](crate::Error::Corrupt) when its file is damaged; [`Error::Invalid`](crate::Error::Invalid)
    /// when it was made with another embedder or by a newer version; [`Error::Io`](crate::Error::Io) when the
    /// system refuses.
    pub async fn open(dir: impl AsRef<Path>, embedder: impl Embedder) -> Result<Self> {
        Self::open_with(dir, embedder, KnowledgeBaseOptions::default()).await
    }

    /// Opens the store in `dir`, or makes one. Errors as for [`open`](Self::open).
    pub async fn open_with(
        dir: impl AsRef<Path>,
        embedder: impl Embedder,
        options: KnowledgeBaseOptions,
    ) -> Result<Self> {
        let dir = dir.as_ref().to_owned();
        Self::of(move || Shared::open(&dir, Arc::new(embedder), options)).await
    }

    /// Opens an existing store for searching only. Another process may write to it meanwhile; each search sees
    /// its latest commit. Errors as for [`open`](Self::open), but never busy.
    pub async fn open_read_only(
        dir: impl AsRef<Path>,
        embedder: impl Embedder,
        options: KnowledgeBaseOptions,
    ) -> Result<Self> {
        let dir = dir.as_ref().to_owned();
        Self::of(move || Shared::open_read_only(&dir, Arc::new(embedder), options)).await
    }

    /// An empty knowledge base that is gone when its last handle is dropped.
    pub async fn in_memory(embedder: impl Embedder) -> Result<Self> {
        Self::in_memory_with(embedder, KnowledgeBaseOptions::default()).await
    }

    /// An empty knowledge base with these options that is gone when its last handle is dropped.
    pub async fn in_memory_with(embedder: impl Embedder, options: KnowledgeBaseOptions) -> Result<Self> {
        Self::of(move || Shared::in_memory(Arc::new(embedder), options)).await
    }

    async fn of(open: impl FnOnce() -> Result<Shared> + Send + 'static) -> Result<Self> {
        let shared = blocking(WORKER, open).await?;
        Ok(Self { shared: Arc::new(shared) })
    }

    /// Makes the store hold the text and Markdown files under `dir` as they are now: new and changed ones are
    /// stored, those that are gone are removed, and those of the same size and time of change are not even read.
    ///
    /// A document's source is its path as `dir` is written, with `/` between its parts. Hidden files are left
    /// out; links are followed. A file that cannot be read is reported, what is stored of it stays, and the
    /// rest is ingested. `progress` is told of every document, once it is dealt with.
    ///
    /// # Errors
    ///
    /// When `dir` cannot be listed, the embedder fails, or the store cannot be written (its disk is full, for
    /// example). What was committed before stays, and the next ingest goes on from there.
    ///
    /// # Cancellation
    ///
    /// Dropping the future stops after the batch at hand. Each document is then stored whole or not at all.
    pub async fn ingest_dir(
        &self,
        dir: impl AsRef<Path>,
        progress: impl Fn(IngestProgress) + Send + Sync,
    ) -> Result<IngestReport> {
        Ingest::new(&self.shared, &progress).dir(dir.as_ref().to_owned()).await
    }

    /// Stores these files, whatever their names, unless they are stored as they are. Nothing is removed.
    /// Otherwise as [`ingest_dir`](Self::ingest_dir).
    pub async fn ingest_files(
        &self,
        files: Vec<PathBuf>,
        progress: impl Fn(IngestProgress) + Send + Sync,
    ) -> Result<IngestReport> {
        Ingest::new(&self.shared, &progress).files(files).await
    }

    /// Stores these documents, each in place of the one of the same source, unless they are stored as they are.
    /// Nothing is removed. Errors and cancellation as for [`ingest_dir`](Self::ingest_dir).
    pub async fn ingest(
        &self,
        documents: Vec<Document>,
        progress: impl Fn(IngestProgress) + Send + Sync,
    ) -> Result<IngestReport> {
        Ingest::new(&self.shared, &progress).documents(documents).await
    }

    /// Removes documents by source and gives the number of those that were stored.
    pub async fn delete(&self, sources: &[String]) -> Result<usize> {
        ingest::delete(&self.shared, sources.to_vec()).await
    }

    /// The passages for `query`, best first; none for an empty question or `k` of 0.
    pub async fn search(&self, query: &Query, mode: SearchMode) -> Result<Vec<Passage>> {
        let (text, k) = (query.text.clone(), query.k);
        if text.trim().is_empty() || k == 0 {
            return Ok(Vec::new());
        }
        if self.is_empty() {
            let shared = Arc::clone(&self.shared);
            if blocking(WORKER, move || shared.is_still_empty()).await? {
                return Ok(Vec::new());
            }
        }
        let vector = match mode {
            SearchMode::Lexical => Vec::new(),
            SearchMode::Dense | SearchMode::Hybrid => {
                ingest::embed(&*self.shared.embedder, vec![text.clone()]).await?.swap_remove(0)
            }
        };
        let shared = Arc::clone(&self.shared);
        blocking(WORKER, move || shared.search(&text, &vector, mode, k)).await
    }

    /// Waits until the graph, if there are enough chunks for one, covers every chunk. Searches go on meanwhile,
    /// and need not wait for it: chunks that the graph does not cover are searched exactly.
    pub async fn rebuild(&self) -> Result<()> {
        match self.shared.graph() {
            Some(graph) => graph.rebuild().await,
            None => Ok(()),
        }
    }

    /// The number of chunks.
    pub fn len(&self) -> usize {
        self.info().chunks
    }

    /// Whether there is no chunk.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The number of documents.
    pub fn documents(&self) -> usize {
        self.info().documents
    }

    /// What is stored and how it is searched.
    pub fn info(&self) -> KnowledgeBaseInfo {
        self.shared.info()
    }
}

#[async_trait]
impl Retriever for KnowledgeBase {
    async fn retrieve(&self, query: &Query) -> Result<Vec<Passage>> {
        self.search(query, self.shared.options.mode).await
    }

    fn version(&self) -> u64 {
        self.shared.version()
    }
}
