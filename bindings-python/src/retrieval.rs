use std::path::PathBuf;

use crate::convert::{Json, from_keywords, not_picklable};
use crate::embedder;
use crate::info::KnowledgeBaseInfo;
use crate::ingest::IngestReport;
use crate::passage::{Document, Passage};
use crate::progress::Listener;
use crate::retriever::KnowledgeRetriever;
use crate::runtime::{Unlocked, run, wait};
use crate::store::{CompactReport, StoreCheck, StoreInfo};
use crate::storing::{Material, Place, aopen, open};
use pyo3::prelude::*;
use pyo3::types::PyDict;

/// The caller's documents, searchable by meaning and by words.
///
/// `len()` gives the number of passages.
#[pyclass(frozen, module = "rushlight")]
pub(crate) struct KnowledgeBase {
    /// Closed with the object, so that the store can be opened again at once.
    pub(crate) core: Unlocked<rushlight::KnowledgeBase>,
}

#[pymethods]
impl KnowledgeBase {
    /// Opens the store in a directory, or makes one.
    ///
    /// Args:
    ///     directory: where the store is; None keeps it in memory
    ///     embedder: gives texts their vectors; always the same for one store: one of this package, or any object with
    ///         a method `embed(texts)` and the attributes `name` and `dimensions`
    ///     mode: how `retrieve` finds passages: `hybrid` (the default), `dense` or `lexical`
    ///     chunk_tokens: tokens of a passage; default 512, at most what the embedder reads
    ///     chunk_overlap: tokens that a passage repeats from the one before; default 64
    ///     ann_threshold: up to this many passages, vectors are searched exactly; above it, in a graph; default
    ///         10 000
    ///     hnsw: the graph's parameters, a dict of `m` (default 16), `ef_construction` (200), `ef` (96) and
    ///         `rebuild_after` (1000)
    ///     fusion_depth: results of each list that enter the fusion; default 100
    ///     max_file_bytes: larger files are not read but reported; default 32 MiB
    ///     durability: what survives a loss of power: `normal` (the default) or `full`; a killed process loses
    ///         nothing either way
    ///
    /// Raises:
    ///     BusyError: another process has the store open.
    ///     CorruptError: the store is damaged.
    ///     InvalidError: the store is of another embedder or of a newer version, or an option is not known.
    #[new]
    #[pyo3(signature = (directory: "str | PathLike[str] | None", embedder: "LocalEmbedder | HashedEmbedder | Embedder", **options: "Unpack[KnowledgeBaseOptions]"))]
    fn new(
        py: Python<'_>,
        directory: Option<PathBuf>,
        embedder: Bound<'_, PyAny>,
        options: Option<&Bound<'_, PyDict>>,
    ) -> PyResult<Self> {
        wait(py, open(directory.into(), embedder::shared(&embedder)?, from_keywords(options, &[])?))
    }

    /// Opens a store from async code; see the class.
    #[staticmethod]
    #[pyo3(signature = (directory: "str | PathLike[str] | None", embedder: "LocalEmbedder | HashedEmbedder | Embedder", **options: "Unpack[KnowledgeBaseOptions]") -> "KnowledgeBase")]
    async fn aopen(
        directory: Option<PathBuf>,
        embedder: Py<PyAny>,
        options: Option<Py<PyDict>>,
    ) -> PyResult<Self> {
        aopen(directory.into(), embedder, options).await
    }

    /// Opens an existing store for searching only; never busy.
    ///
    /// Another process may write to it meanwhile; each search sees its latest commit.
    #[staticmethod]
    #[pyo3(signature = (directory: "str | PathLike[str]", embedder: "LocalEmbedder | HashedEmbedder | Embedder", **options: "Unpack[KnowledgeBaseOptions]"))]
    fn open_read_only(
        py: Python<'_>,
        directory: PathBuf,
        embedder: Bound<'_, PyAny>,
        options: Option<&Bound<'_, PyDict>>,
    ) -> PyResult<Self> {
        wait(py, open(Place::ReadOnly(directory), embedder::shared(&embedder)?, from_keywords(options, &[])?))
    }

    /// Does the same as `open_read_only` from async code.
    #[staticmethod]
    #[pyo3(signature = (directory: "str | PathLike[str]", embedder: "LocalEmbedder | HashedEmbedder | Embedder", **options: "Unpack[KnowledgeBaseOptions]") -> "KnowledgeBase")]
    async fn aopen_read_only(
        directory: PathBuf,
        embedder: Py<PyAny>,
        options: Option<Py<PyDict>>,
    ) -> PyResult<Self> {
        aopen(Place::ReadOnly(directory), embedder, options).await
    }

    /// Brings the store up to date with the files under a directory: text, Markdown, HTML, PDF files with text,
    /// source code and JSON Lines (a document a line, with the field `text`).
    ///
    /// Unchanged files are not read again; passages of files that are gone are removed. A file that cannot
    /// be read is reported and the rest is stored.
    ///
    /// Args:
    ///     glob: which files, by their paths below the directory, as `**/*.{md,txt}`; all of known formats by default
    ///     progress: a function, sync or async, that is told after every document; if it raises, the ingest stops
    #[pyo3(signature = (directory: "str | PathLike[str]", *, glob: "str | None" = None, progress: "Callable[[IngestProgress], object] | None" = None) -> "IngestReport")]
    fn ingest_dir(
        &self,
        py: Python<'_>,
        directory: PathBuf,
        glob: Option<String>,
        progress: Listener,
    ) -> PyResult<IngestReport> {
        wait(py, self.storing(Material::directory(directory, glob), progress))
    }

    /// Does the same as `ingest_dir` from async code.
    #[pyo3(signature = (directory: "str | PathLike[str]", *, glob: "str | None" = None, progress: "Callable[[IngestProgress], object] | None" = None) -> "IngestReport")]
    async fn aingest_dir(
        &self,
        directory: PathBuf,
        glob: Option<String>,
        progress: Listener,
    ) -> PyResult<IngestReport> {
        run(self.storing(Material::directory(directory, glob), progress)).await
    }

    /// Brings the store up to date with a web page, or with the pages of its site that can be reached from it.
    ///
    /// Pages that did not change are not embedded again. What `robots.txt` forbids is not read. Only public
    /// addresses are connected to, also by redirects, unless the host is one of `allowed_hosts`.
    ///
    /// Args:
    ///     progress: a function, sync or async, that is told after every page; if it raises, the ingest stops
    ///     depth: how many links away from the page to go; default 0, only that page
    ///     max_pages: at most this many pages are asked for; default 100
    ///     max_bytes: larger pages are not read but reported; default 8 MiB
    ///     max_redirects: for one page; default 5
    ///     timeout: seconds for one page; default 3
    ///     user_agent: who asks; default `rushlight/` and the version
    ///     allowed_hosts: hosts whose addresses need not be public, as `localhost`
    #[pyo3(signature = (url: "str", *, progress: "Callable[[IngestProgress], object] | None" = None, **options: "Unpack[WebOptions]") -> "IngestReport")]
    fn ingest_url(
        &self,
        py: Python<'_>,
        url: String,
        progress: Listener,
        options: Option<&Bound<'_, PyDict>>,
    ) -> PyResult<IngestReport> {
        wait(py, self.storing(Material::url(url, options)?, progress))
    }

    /// Does the same as `ingest_url` from async code.
    #[pyo3(signature = (url: "str", *, progress: "Callable[[IngestProgress], object] | None" = None, **options: "Unpack[WebOptions]") -> "IngestReport")]
    async fn aingest_url(
        &self,
        url: String,
        progress: Listener,
        options: Option<Py<PyDict>>,
    ) -> PyResult<IngestReport> {
        let site = Python::attach(|py| Material::url(url, options.as_ref().map(|given| given.bind(py))));
        run(self.storing(site?, progress)).await
    }

    /// Stores files of any kind that `ingest_dir` knows, each new or in place of its older version.
    ///
    /// Args:
    ///     progress: a function, sync or async, that is told after every document; if it raises, the ingest stops
    #[pyo3(signature = (files: "Sequence[str | PathLike[str]]", *, progress: "Callable[[IngestProgress], object] | None" = None) -> "IngestReport")]
    fn ingest_files(
        &self,
        py: Python<'_>,
        files: Vec<PathBuf>,
        progress: Listener,
    ) -> PyResult<IngestReport> {
        wait(py, self.storing(Material::Files(files), progress))
    }

    /// Does the same as `ingest_files` from async code.
    #[pyo3(signature = (files: "Sequence[str | PathLike[str]]", *, progress: "Callable[[IngestProgress], object] | None" = None) -> "IngestReport")]
    async fn aingest_files(&self, files: Vec<PathBuf>, progress: Listener) -> PyResult<IngestReport> {
        run(self.storing(Material::Files(files), progress)).await
    }

    /// Stores documents, each new or in place of the one with the same source.
    ///
    /// Args:
    ///     progress: a function, sync or async, that is told after every document; if it raises, the ingest stops
    #[pyo3(signature = (documents: "Sequence[Document]", *, progress: "Callable[[IngestProgress], object] | None" = None) -> "IngestReport")]
    fn ingest(&self, py: Python<'_>, documents: Vec<Document>, progress: Listener) -> PyResult<IngestReport> {
        wait(py, self.storing(Material::Documents(documents), progress))
    }

    /// Does the same as `ingest` from async code.
    #[pyo3(signature = (documents: "Sequence[Document]", *, progress: "Callable[[IngestProgress], object] | None" = None) -> "IngestReport")]
    async fn aingest(&self, documents: Vec<Document>, progress: Listener) -> PyResult<IngestReport> {
        run(self.storing(Material::Documents(documents), progress)).await
    }

    /// The passages that may answer a question, best first; none when nothing is stored or it is empty.
    ///
    /// Args:
    ///     k: at most this many; default 5
    ///     mode: `hybrid`, `dense` or `lexical`; what the store was opened with by default
    ///     filter: which passages may be found, such as `{"field": "lang", "equals": "de"}`; conditions are put together
    ///         with `all`, `any` and `not`, and the field `source` is the document's source
    #[pyo3(signature = (question, k = None, *, mode: "Literal['hybrid', 'dense', 'lexical'] | None" = None, filter: "Filter | None" = None) -> "list[Passage]")]
    fn retrieve(
        &self,
        py: Python<'_>,
        question: String,
        k: Option<usize>,
        mode: Option<&str>,
        filter: Option<Json>,
    ) -> PyResult<Vec<Passage>> {
        wait(py, self.searching(question, k, mode, filter)?)
    }

    /// Does the same as `retrieve` from async code.
    #[pyo3(signature = (question, k = None, *, mode: "Literal['hybrid', 'dense', 'lexical'] | None" = None, filter: "Filter | None" = None) -> "list[Passage]")]
    async fn aretrieve(
        &self,
        question: String,
        k: Option<usize>,
        mode: Option<String>,
        filter: Option<Json>,
    ) -> PyResult<Vec<Passage>> {
        run(self.searching(question, k, mode.as_deref(), filter)?).await
    }

    /// A retriever that searches, and then may put what it found in a better order and leave out what repeats.
    ///
    /// Args:
    ///     reranker: puts passages in a new order: a `LocalReranker`, or any object with a method
    ///         `score(question, passages)` that gives a number for each
    ///     k: at most this many passages, also where more are asked for
    ///     mode: `hybrid`, `dense` or `lexical`; what the store was opened with by default
    ///     filter: which passages may be found, beside what a retrieval or run itself says
    ///     rerank: whether there is a new order, without a reranker by the words that passages share with the question
    ///         and not with each other; default False
    ///     mmr: from 0 to 1, how much relevance counts against what passages before said already (maximal marginal
    ///         relevance), near-duplicates left out; default not asked
    ///     candidates: passages that are found for these stages; default 50
    ///
    /// Raises:
    ///     InvalidError: an option is out of its range or not known.
    #[pyo3(signature = (*, reranker: "LocalReranker | Reranker | None" = None, **options: "Unpack[RetrieverOptions]"))]
    fn retriever(
        &self,
        reranker: Option<Bound<'_, PyAny>>,
        options: Option<&Bound<'_, PyDict>>,
    ) -> PyResult<KnowledgeRetriever> {
        KnowledgeRetriever::new(&self.core, reranker.as_ref(), from_keywords(options, &[])?)
    }

    /// Removes documents by source, and gives how many there were.
    #[pyo3(signature = (sources: "Sequence[str]") -> "int")]
    fn delete(&self, py: Python<'_>, sources: Vec<String>) -> PyResult<usize> {
        wait(py, self.deleting(sources))
    }

    /// Does the same as `delete` from async code.
    #[pyo3(signature = (sources: "Sequence[str]") -> "int")]
    async fn adelete(&self, sources: Vec<String>) -> PyResult<usize> {
        run(self.deleting(sources)).await
    }

    /// Waits until the graph, if there are enough passages for one, covers every passage. Searches go on
    /// meanwhile and need not wait for it.
    fn rebuild(&self, py: Python<'_>) -> PyResult<()> {
        let store = rushlight::KnowledgeBase::clone(&self.core);
        wait(py, async move { store.rebuild().await })
    }

    /// Does the same as `rebuild` from async code.
    async fn arebuild(&self) -> PyResult<()> {
        let store = rushlight::KnowledgeBase::clone(&self.core);
        run(async move { store.rebuild().await }).await
    }

    /// Makes the store's files as small as they can be: without the room that removed documents took. Waits for an
    /// ingest that is at work; searches wait meanwhile. Needs as much free space again.
    fn compact(&self, py: Python<'_>) -> PyResult<CompactReport> {
        let store = rushlight::KnowledgeBase::clone(&self.core);
        wait(py, async move { store.compact().await.map(CompactReport::from) })
    }

    /// Does the same as `compact` from async code.
    async fn acompact(&self) -> PyResult<CompactReport> {
        let store = rushlight::KnowledgeBase::clone(&self.core);
        run(async move { store.compact().await.map(CompactReport::from) }).await
    }

    /// Writes everything that is stored, vectors included, to a file of JSON Lines: a header with the embedder's name and
    /// dimensions, then a document a line with its passages, whose vectors are little-endian 32-bit floats in Base64.
    /// `import_from` fills a store from it without embedding, and scripts fill other databases.
    ///
    /// Args:
    ///     progress: a function, sync or async, that is told after every document; if it raises, the export stops
    #[pyo3(signature = (path: "str | PathLike[str]", *, progress: "Callable[[IngestProgress], object] | None" = None) -> "None")]
    fn export_to(&self, py: Python<'_>, path: PathBuf, progress: Listener) -> PyResult<()> {
        wait(py, self.exporting(path, progress))
    }

    /// Does the same as `export_to` from async code.
    #[pyo3(signature = (path: "str | PathLike[str]", *, progress: "Callable[[IngestProgress], object] | None" = None) -> "None")]
    async fn aexport_to(&self, path: PathBuf, progress: Listener) -> PyResult<()> {
        run(self.exporting(path, progress)).await
    }

    /// Stores every document of a file that `export_to` wrote, each in place of the one with the same source; embeds
    /// nothing.
    ///
    /// Args:
    ///     progress: a function, sync or async, that is told after every document; if it raises, the import stops
    #[pyo3(signature = (path: "str | PathLike[str]", *, progress: "Callable[[IngestProgress], object] | None" = None) -> "IngestReport")]
    fn import_from(&self, py: Python<'_>, path: PathBuf, progress: Listener) -> PyResult<IngestReport> {
        wait(py, self.storing(Material::Export(path), progress))
    }

    /// Does the same as `import_from` from async code.
    #[pyo3(signature = (path: "str | PathLike[str]", *, progress: "Callable[[IngestProgress], object] | None" = None) -> "IngestReport")]
    async fn aimport_from(&self, path: PathBuf, progress: Listener) -> PyResult<IngestReport> {
        run(self.storing(Material::Export(path), progress)).await
    }

    /// What the store in a directory holds, without opening it: which embedder it needs, for example.
    #[staticmethod]
    #[pyo3(signature = (directory: "str | PathLike[str]") -> "StoreInfo")]
    fn inspect(py: Python<'_>, directory: PathBuf) -> PyResult<StoreInfo> {
        wait(py, async move { rushlight::KnowledgeBase::inspect(directory).await.map(StoreInfo::from) })
    }

    /// Does the same as `inspect` from async code.
    #[staticmethod]
    #[pyo3(signature = (directory: "str | PathLike[str]") -> "StoreInfo")]
    async fn ainspect(directory: PathBuf) -> PyResult<StoreInfo> {
        run(async move { rushlight::KnowledgeBase::inspect(directory).await.map(StoreInfo::from) }).await
    }

    /// Looks at everything that the store in a directory holds, for damage. Takes any store, also one that is in use or
    /// too damaged to be opened; needs no embedder and changes nothing.
    #[staticmethod]
    #[pyo3(signature = (directory: "str | PathLike[str]") -> "StoreCheck")]
    fn check(py: Python<'_>, directory: PathBuf) -> PyResult<StoreCheck> {
        wait(py, async move { rushlight::KnowledgeBase::check(directory).await.map(StoreCheck::from) })
    }

    /// Does the same as `check` from async code.
    #[staticmethod]
    #[pyo3(signature = (directory: "str | PathLike[str]") -> "StoreCheck")]
    async fn acheck(directory: PathBuf) -> PyResult<StoreCheck> {
        run(async move { rushlight::KnowledgeBase::check(directory).await.map(StoreCheck::from) }).await
    }

    /// What is stored and how it is searched.
    #[getter]
    fn info(&self) -> KnowledgeBaseInfo {
        KnowledgeBaseInfo::from(self.core.info())
    }

    /// The number of documents.
    #[getter]
    fn documents(&self) -> usize {
        self.core.documents()
    }

    fn __len__(&self) -> usize {
        self.core.len()
    }

    /// True, also when nothing is stored.
    #[expect(clippy::unused_self, reason = "Python calls it on an object")]
    fn __bool__(&self) -> bool {
        true
    }

    fn __repr__(&self) -> String {
        format!("<rushlight.KnowledgeBase documents={} passages={}>", self.core.documents(), self.core.len())
    }

    #[pyo3(signature = () -> "NoReturn")]
    fn __reduce__(slf: &Bound<'_, Self>) -> PyResult<Py<PyAny>> {
        not_picklable(slf)
    }
}
