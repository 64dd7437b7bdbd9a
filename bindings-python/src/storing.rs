//! What the methods of a knowledge base have in common, sync and async.

use std::path::PathBuf;
use std::sync::Arc;

use pyo3::prelude::*;
use pyo3::types::PyDict;
use rushlight::retrieval::{IngestOptions, KnowledgeBaseOptions, SearchMode, WebOptions};
use rushlight::{Embedder, Query, Result, Retriever};

use crate::convert::{Json, filter, from_keywords, from_name};
use crate::embedder;
use crate::ingest::{IngestProgress, IngestReport};
use crate::passage::{Document, Passage};
use crate::progress::{Listener, listening};
use crate::retrieval::KnowledgeBase;
use crate::runtime::{Unlocked, run};

/// What is stored by an ingest or an import.
pub(crate) enum Material {
    Directory(PathBuf, IngestOptions),
    Files(Vec<PathBuf>),
    Url(String, WebOptions),
    Documents(Vec<Document>),
    /// A file that a store was exported to.
    Export(PathBuf),
}

impl Material {
    pub(crate) fn directory(directory: PathBuf, glob: Option<String>) -> Self {
        let options = IngestOptions::default();
        Self::Directory(directory, glob.into_iter().fold(options, IngestOptions::glob))
    }

    /// A web site, with options from keyword arguments; times are seconds.
    pub(crate) fn url(url: String, keywords: Option<&Bound<'_, PyDict>>) -> PyResult<Self> {
        Ok(Self::Url(url, from_keywords(keywords, &["timeout"])?))
    }
}

/// Where a store is.
pub(crate) enum Place {
    Memory,
    Directory(PathBuf),
    ReadOnly(PathBuf),
}

impl From<Option<PathBuf>> for Place {
    fn from(directory: Option<PathBuf>) -> Self {
        directory.map_or(Self::Memory, Self::Directory)
    }
}

pub(crate) async fn open(
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

pub(crate) async fn aopen(
    place: Place,
    embedder: Py<PyAny>,
    options: Option<Py<PyDict>>,
) -> PyResult<KnowledgeBase> {
    let opening = Python::attach(|py| {
        let options = from_keywords(options.as_ref().map(|given| given.bind(py)), &[])?;
        PyResult::Ok(open(place, embedder::shared(embedder.bind(py))?, options))
    });
    run(opening?).await
}

/// What to look for.
pub(crate) fn query(question: String, k: Option<usize>, only: Option<Json>) -> PyResult<Query> {
    let mut query = Query::new(question);
    query.k = k.unwrap_or(query.k);
    query.filter = only.map(filter).transpose()?;
    Ok(query)
}

impl KnowledgeBase {
    pub(crate) fn storing(
        &self,
        material: Material,
        listener: Listener,
    ) -> impl Future<Output = Result<IngestReport>> + use<> {
        let store = rushlight::KnowledgeBase::clone(&self.core);
        async move {
            let work = async |tell| match material {
                Material::Directory(directory, options) => {
                    store.ingest_dir_with(directory, options, tell).await
                }
                Material::Url(url, options) => store.ingest_url(&url, options, tell).await,
                Material::Files(files) => store.ingest_files(files, tell).await,
                Material::Documents(documents) => {
                    store.ingest(documents.into_iter().map(|document| document.core).collect(), tell).await
                }
                Material::Export(path) => store.import_from(path, tell).await,
            };
            listening(listener, work, IngestProgress::from).await.map(IngestReport::from)
        }
    }

    pub(crate) fn exporting(
        &self,
        path: PathBuf,
        listener: Listener,
    ) -> impl Future<Output = Result<()>> + use<> {
        let store = rushlight::KnowledgeBase::clone(&self.core);
        async move {
            let work = async |tell| store.export_to(path, tell).await;
            listening(listener, work, IngestProgress::from).await
        }
    }

    pub(crate) fn searching(
        &self,
        question: String,
        k: Option<usize>,
        mode: Option<&str>,
        only: Option<Json>,
    ) -> PyResult<impl Future<Output = Result<Vec<Passage>>> + use<>> {
        let store = rushlight::KnowledgeBase::clone(&self.core);
        let mode = mode.map(|mode| from_name::<SearchMode>("mode", mode)).transpose()?;
        let query = query(question, k, only)?;
        Ok(async move {
            let found = match mode {
                Some(mode) => store.search(&query, mode).await?,
                None => store.retrieve(&query).await?,
            };
            Ok(found.into_iter().map(Passage::from).collect())
        })
    }

    pub(crate) fn deleting(&self, sources: Vec<String>) -> impl Future<Output = Result<usize>> + use<> {
        let store = rushlight::KnowledgeBase::clone(&self.core);
        async move { store.delete(&sources).await }
    }
}
