use std::path::PathBuf;
use std::sync::Arc;

use pyo3::prelude::*;
use pyo3::types::PyDict;
use rushlight::retrieval::{KnowledgeBaseOptions, SearchMode};
use rushlight::{Embedder, Query, Result, Retriever};

use crate::convert::{from_keywords, from_name, not_picklable};
use crate::embedder;
use crate::info::KnowledgeBaseInfo;
use crate::ingest::{IngestProgress, IngestReport};
use crate::own::PythonRetriever;
use crate::passage::{Document, Passage};
use crate::progress::{Listener, listening};
use crate::runtime::{Unlocked, run, wait};

/// The caller's documents, searchable by meaning and by words.
///
/// `len()` gives the number of passages.
#[pyclass(frozen, module = "rushlight")]
pub(crate) struct KnowledgeBase {
    /// Closed with the object, so that the store can be opened again at once.
    core: Unlocked<rushlight::KnowledgeBase>,
}

/// What is stored by an ingest.
enum Material {
    Directory(PathBuf),
    Files(Vec<PathBuf>),
    Documents(Vec<Document>),
}

/// Where a store is.
enum Place {
    Memory,
    Directory(PathBuf),
    ReadOnly(PathBuf),
}

impl From<Option<PathBuf>> for Place {
    fn from(directory: Option<PathBuf>) -> Self {
        directory.map_or(Self::Memory, Self::Directory)
    }
}

async fn open(
    place: Place,
    embedder: Arc<dyn Embedder>,
    options: KnowledgeBaseOptions,
) -> Result<KnowledgeBase> {
    let core = match place {
        Place::Memory => rushlight::KnowledgeBase::in_memory_with(embedder, options).await?,
        Place::Directory(path) => rushlight::KnowledgeBase::open_with(path, embedder, options).await?,
        Place::ReadOnly(path) => rushlight::KnowledgeBase::open_read_only(path, embedder, options).await?,
    };
    Ok(KnowledgeBase { core: Unlocked::new(core) })
}

async fn aopen(place: Place, embedder: Py<PyAny>, options: Option<Py<PyDict>>) -> PyResult<KnowledgeBase> {
    let opening = Python::attach(|py| {
        let options = from_keywords(options.as_ref().map(|given| given.bind(py)))?;
        PyResult::Ok(open(place, embedder::shared(embedder.bind(py))?, options))
    });
    run(opening?).await
}

impl KnowledgeBase {
    fn storing(
        &self,
        material: Material,
        listener: Listener,
    ) -> impl Future<Output = Result<IngestReport>> + use<> {
        let store = rushlight::KnowledgeBase::clone(&self.core);
        async move {
            let work = async |tell| match material {
                Material::Directory(directory) => store.ingest_dir(directory, tell).await,
                Material::Files(files) => store.ingest_files(files, tell).await,
                Material::Documents(documents) => {
                    store.ingest(documents.into_iter().map(|document| document.core).collect(), tell).await
                }
            };
            listening(listener, work, IngestProgress::from).await.map(IngestReport::from)
        }
    }

    fn searching(
        &self,
        question: String,
        k: Option<usize>,
        mode: Option<&str>,
    ) -> PyResult<impl Future<Output = Result<Vec<Passage>>> + use<>> {
        let store = rushlight::KnowledgeBase::clone(&self.core);
        let mode = mode.map(|mode| from_name::<SearchMode>("mode", mode)).transpose()?;
        let query = Query::new(question);
        let query = match k {
            Some(k) => query.k(k),
            None => query,
        };
        Ok(async move {
            let found = match mode {
                Some(mode) => store.search(&query, mode).await?,
                None => store.retrieve(&query).await?,
            };
            Ok(found.into_iter().map(Passage::from).collect())
        })
    }

    fn deleting(&self, sources: Vec<String>) -> impl Future<Output = Result<usize>> + use<> {
        let store = rushlight::KnowledgeBase::clone(&self.core);
        async move { store.delete(&sources).await }
    }
}

#[pymethods]
impl KnowledgeBase {
    /// Opens the store in a directory, or makes one.
    ///
    /// Args:
    ///     directory: where the store is; None keeps it in memory
    ///     embedder: gives texts their vectors; always the same for one store: a `LocalEmbedder`, or any object with
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
        wait(py, open(directory.into(), embedder::shared(&embedder)?, from_keywords(options)?))
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
        wait(py, open(Place::ReadOnly(directory), embedder::shared(&embedder)?, from_keywords(options)?))
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

    /// Brings the store up to date with the text and Markdown files under a directory.
    ///
    /// Unchanged files are not read again; passages of files that are gone are removed. A file that cannot
    /// be read is reported and the rest is stored.
    ///
    /// Args:
    ///     progress: a function, sync or async, that is told after every document; if it raises, the ingest stops
    #[pyo3(signature = (directory: "str | PathLike[str]", *, progress: "Callable[[IngestProgress], object] | None" = None) -> "IngestReport")]
    fn ingest_dir(&self, py: Python<'_>, directory: PathBuf, progress: Listener) -> PyResult<IngestReport> {
        wait(py, self.storing(Material::Directory(directory), progress))
    }

    /// Does the same as `ingest_dir` from async code.
    #[pyo3(signature = (directory: "str | PathLike[str]", *, progress: "Callable[[IngestProgress], object] | None" = None) -> "IngestReport")]
    async fn aingest_dir(&self, directory: PathBuf, progress: Listener) -> PyResult<IngestReport> {
        run(self.storing(Material::Directory(directory), progress)).await
    }

    /// Stores text and Markdown files, each new or in place of its older version.
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
    #[pyo3(signature = (question, k = None, *, mode: "Literal['hybrid', 'dense', 'lexical'] | None" = None) -> "list[Passage]")]
    fn retrieve(
        &self,
        py: Python<'_>,
        question: String,
        k: Option<usize>,
        mode: Option<&str>,
    ) -> PyResult<Vec<Passage>> {
        wait(py, self.searching(question, k, mode)?)
    }

    /// Does the same as `retrieve` from async code.
    #[pyo3(signature = (question, k = None, *, mode: "Literal['hybrid', 'dense', 'lexical'] | None" = None) -> "list[Passage]")]
    async fn aretrieve(
        &self,
        question: String,
        k: Option<usize>,
        mode: Option<String>,
    ) -> PyResult<Vec<Passage>> {
        run(self.searching(question, k, mode.as_deref())?).await
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

/// A [`KnowledgeBase`], or any object with the method of a retriever.
pub(crate) fn shared(object: &Bound<'_, PyAny>) -> PyResult<Arc<dyn Retriever>> {
    match object.cast::<KnowledgeBase>() {
        Ok(store) => Ok(Arc::new(rushlight::KnowledgeBase::clone(&store.get().core))),
        Err(_) => Ok(Arc::new(PythonRetriever::new(object)?)),
    }
}
