use std::path::{Path, PathBuf};
use std::sync::Arc;

use async_trait::async_trait;

use super::check::check;
use super::{
    CompactReport, KnowledgeBaseInfo, KnowledgeBaseOptions, KnowledgeRetriever, RetrieverOptions, SearchMode,
    Shared, StoreInfo,
};
use crate::Result;
use crate::retrieval::blocking::blocking;
use crate::retrieval::exchange::{export, import};
use crate::retrieval::ingest::{self, Ingest};
use crate::retrieval::store::sqlite::Database;
#[cfg(feature = "web")]
use crate::retrieval::web::WebOptions;
use crate::retrieval::{
    Document, Embedder, IngestOptions, IngestProgress, IngestReport, Passage, Query, Retriever, StoreCheck,
};

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

    /// Makes the store hold the files under `dir` as they are now: new and changed ones are stored, those that
    /// are gone are removed, and those of the same size and time of change are not even read.
    ///
    /// It takes text, Markdown, HTML, PDF files with text (feature `pdf`), source code and JSON Lines, by the ends
    /// of their names. A document's source is its path as `dir` is written, with `/` between its parts; a line of
    /// JSON Lines is a document of its own, with `#` and the line's `id` or number after it, or with the line's
    /// own `source` in its place. Hidden files are left out; links are followed. A file or line that cannot be
    /// read is reported, what is stored of it stays, and the rest is ingested. `progress` is told of every
    /// document, once it is dealt with.
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
        self.ingest_dir_with(dir, IngestOptions::default(), progress).await
    }

    /// As [`ingest_dir`](Self::ingest_dir), of the files that `options` choose, whatever their names. Others that
    /// are stored already stay. A `glob` that cannot be understood is an error.
    pub async fn ingest_dir_with(
        &self,
        dir: impl AsRef<Path>,
        options: IngestOptions,
        progress: impl Fn(IngestProgress) + Send + Sync,
    ) -> Result<IngestReport> {
        Ingest::new(&self.shared, &progress).dir(dir.as_ref().to_owned(), options).await
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

    /// Makes the store hold a web page as it is now, or a site: the pages that can be reached from it within
    /// `options`, on the same host. Those that are stored as they are stay; once the whole site was read, those
    /// that were stored from the same `url` and are no longer part of it are removed.
    ///
    /// It takes HTML, without what surrounds the text, plain text, Markdown and PDF files (feature `pdf`). A
    /// document's source is its address after redirects. What `robots.txt` forbids is not read. Pages are asked for
    /// one after the other; what a page fails with is reported, and the rest is ingested.
    ///
    /// Only public addresses are connected to, also by redirects and whatever the name of a host leads to, unless
    /// the host is one of [`WebOptions::allowed_hosts`]. Proxies of the environment are not used.
    ///
    /// # Errors
    ///
    /// When `url` or an option is invalid; otherwise as for [`ingest_dir`](Self::ingest_dir). A page that cannot be
    /// read is no error, also if it is the only one.
    ///
    /// # Cancellation
    ///
    /// Dropping the future stops after the page at hand.
    #[cfg(feature = "web")]
    pub async fn ingest_url(
        &self,
        url: &str,
        options: WebOptions,
        progress: impl Fn(IngestProgress) + Send + Sync,
    ) -> Result<IngestReport> {
        Ingest::new(&self.shared, &progress).site(url, options).await
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
        if query.text.trim().is_empty() || query.k == 0 {
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
                ingest::embed_query(&*self.shared.embedder, query.text.clone()).await?
            }
        };
        let (shared, query) = (Arc::clone(&self.shared), query.clone());
        blocking(WORKER, move || shared.search(&query, &vector, mode)).await
    }

    /// A retriever that searches, and then may put what it found in a better order and leave out what repeats.
    ///
    /// ```
    /// use rushlight::{HashedEmbedder, KnowledgeBase, RetrieverOptions};
    ///
    /// # #[tokio::main] async fn main() -> rushlight::Result<()> {
    /// let base = KnowledgeBase::in_memory(HashedEmbedder::new(64)).await?;
    /// let retriever = base.retriever(RetrieverOptions::default().rerank(true).mmr(0.7))?;
    /// # Ok(()) }
    /// ```
    ///
    /// # Errors
    ///
    /// [`Error::Invalid`](crate::Error::Invalid) when an option is out of range.
    pub fn retriever(&self, options: RetrieverOptions) -> Result<KnowledgeRetriever> {
        KnowledgeRetriever::new(self.clone(), options)
    }

    /// How [`Retriever::retrieve`] searches.
    pub(super) fn mode(&self) -> SearchMode {
        self.shared.options.mode
    }

    /// Waits until the graph, if there are enough chunks for one, covers every chunk. Searches go on meanwhile,
    /// and need not wait for it: chunks that the graph does not cover are searched exactly.
    pub async fn rebuild(&self) -> Result<()> {
        match self.shared.graph() {
            Some(graph) => graph.rebuild().await,
            None => Ok(()),
        }
    }

    /// Makes the store's files as small as they can be: without the room that removed documents took, and with a graph,
    /// if there is one, of nothing but what is stored. Waits for an ingest that is at work; searches wait while the
    /// file is written, which needs as much free space again.
    ///
    /// # Errors
    ///
    /// [`Error::Io`](crate::Error::Io) when the store is open for reading or its disk is full. It is then as before.
    ///
    /// # Cancellation
    ///
    /// Dropping the future stops nothing that has begun.
    pub async fn compact(&self) -> Result<CompactReport> {
        self.shared.check_writable()?;
        let _no_ingest = self.shared.ingesting.lock().await;
        let bytes_before = self.shared.bytes();
        self.rebuild().await?;
        let shared = Arc::clone(&self.shared);
        blocking(WORKER, move || {
            shared.compact()?;
            Ok(CompactReport { bytes_before, bytes_after: shared.bytes() })
        })
        .await
    }

    /// Writes everything that is stored, vectors included, to the file at `path`, from which
    /// [`import_from`](Self::import_from) fills a store without embedding, and scripts fill other databases. A file that is
    /// there already is replaced once the new one is whole. Searches and ingests go on meanwhile; what they change is
    /// not in the file.
    ///
    /// The file is JSON Lines in UTF-8. The first line says what it is:
    ///
    /// ```json
    /// {"format": "rushlight-store", "version": 1, "embedder": "all-MiniLM-L6-v2", "dimensions": 384, "documents": 2}
    /// ```
    ///
    /// Each other line is a document with its chunks in order, so that a chunk's passage has the id `source#number`,
    /// numbered from 1. A vector is its numbers in 32 bits, the least significant byte first, in Base64: in Python,
    /// `numpy.frombuffer(base64.b64decode(chunk["vector"]), "<f4")`.
    ///
    /// ```json
    /// {"source": "leave.md", "title": "Leave", "metadata": {"lang": "en"}, "hash": "…", "recipe": "1/512/64", "path": null,
    ///  "chunks": [{"start": 0, "headings": ["Leave"], "text": "# Leave\n\n28 days a year.", "vector": "…"}]}
    /// ```
    ///
    /// `start` is the byte of the document at which the text begins. `hash` (of what the document says), `recipe` (how it was
    /// cut) and `path` (of its file) are what the next ingest compares. `progress` is told of every document, once it is
    /// written.
    ///
    /// # Errors
    ///
    /// [`Error::Io`](crate::Error::Io) when the file cannot be written. What was at `path` stays.
    ///
    /// # Cancellation
    ///
    /// Dropping the future stops after the document at hand and removes what was written.
    pub async fn export_to(
        &self,
        path: impl AsRef<Path>,
        progress: impl Fn(IngestProgress) + Send + Sync,
    ) -> Result<()> {
        export(&self.shared, path.as_ref().to_owned(), &progress).await
    }

    /// Stores every document of a file that [`export_to`](Self::export_to) wrote, with its chunks and vectors, each in place
    /// of the one of the same source, unless it is stored as it is. Nothing is removed, and nothing embedded. Later
    /// ingests with the same options find the documents stored. `progress` is told of every document, once it is stored.
    ///
    /// # Errors
    ///
    /// [`Error::Invalid`](crate::Error::Invalid) when the file's vectors are those of another embedder or it is of a newer
    /// version; [`Error::Corrupt`](crate::Error::Corrupt) with the line when it is damaged, cut off or of another format;
    /// [`Error::Io`](crate::Error::Io) when it cannot be read or the store not be written. Each document is then stored
    /// whole or not at all, and another import goes on from there.
    ///
    /// # Cancellation
    ///
    /// Dropping the future stops after the batch at hand.
    pub async fn import_from(
        &self,
        path: impl AsRef<Path>,
        progress: impl Fn(IngestProgress) + Send + Sync,
    ) -> Result<IngestReport> {
        import(&self.shared, path.as_ref().to_owned(), &progress).await
    }

    /// What the store in `dir` holds, without opening it: which embedder it needs, for example. Errors as for
    /// [`open`](Self::open), but never busy; a damaged page may stay unseen.
    pub async fn inspect(dir: impl AsRef<Path>) -> Result<StoreInfo> {
        let dir = dir.as_ref().to_owned();
        blocking(WORKER, move || Database::inspect(&dir)).await
    }

    /// Looks at everything that the store in `dir` holds, for damage: the pages of its file, whether each chunk has its
    /// document, number and vector, and whether the file of the graph, if there is one, has the same vectors. Takes
    /// any store, also one that is in use or too damaged to be opened, needs no embedder and changes nothing.
    ///
    /// # Errors
    ///
    /// [`Error::Invalid`](crate::Error::Invalid) for a store of a newer version, [`Error::Io`](crate::Error::Io) when
    /// it cannot be read. Damage is no error: the report names it.
    pub async fn check(dir: impl AsRef<Path>) -> Result<StoreCheck> {
        let dir = dir.as_ref().to_owned();
        blocking(WORKER, move || check(&dir)).await
    }

    /// The number of chunks.
    pub fn len(&self) -> usize {
        self.shared.chunks()
    }

    /// Whether there is no chunk.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The number of documents.
    pub fn documents(&self) -> usize {
        self.shared.documents()
    }

    /// What is stored and how it is searched.
    pub fn info(&self) -> KnowledgeBaseInfo {
        self.shared.info()
    }
}

#[async_trait]
impl Retriever for KnowledgeBase {
    async fn retrieve(&self, query: &Query) -> Result<Vec<Passage>> {
        self.search(query, self.mode()).await
    }

    fn version(&self) -> u64 {
        self.shared.version()
    }
}
