use std::sync::Arc;

use pyo3::prelude::*;
use rushlight::{Result, Retriever, RetrieverOptions};

use crate::convert::{Json, not_picklable};
use crate::error::raised;
use crate::own::PythonRetriever;
use crate::passage::Passage;
use crate::reranker;
use crate::retrieval::KnowledgeBase;
use crate::runtime::{Unlocked, run, wait};
use crate::storing::query;

/// The passages of a `KnowledgeBase`, found in several stages: search, then reranking, then diversity. Made by
/// `KnowledgeBase.retriever`.
#[pyclass(frozen, module = "rushlight")]
pub(crate) struct KnowledgeRetriever {
    /// Has a handle of the store.
    core: Unlocked<rushlight::KnowledgeRetriever>,
}

impl KnowledgeRetriever {
    pub(crate) fn new(
        store: &rushlight::KnowledgeBase,
        own: Option<&Bound<'_, PyAny>>,
        options: RetrieverOptions,
    ) -> PyResult<Self> {
        let mut core = store.retriever(options).map_err(raised)?;
        if let Some(own) = own {
            core = core.reranker(reranker::shared(own)?);
        }
        Ok(Self { core: Unlocked::new(core) })
    }

    fn searching(
        &self,
        question: String,
        k: Option<usize>,
        only: Option<Json>,
    ) -> PyResult<impl Future<Output = Result<Vec<Passage>>> + use<>> {
        let retriever = rushlight::KnowledgeRetriever::clone(&self.core);
        let query = query(question, k.or(retriever.options().k), only)?;
        Ok(async move {
            let found = retriever.retrieve(&query).await?;
            Ok(found.into_iter().map(Passage::from).collect())
        })
    }
}

#[pymethods]
impl KnowledgeRetriever {
    /// The passages that may answer a question, best first; none when nothing is stored or it is empty.
    ///
    /// Args:
    ///     k: at most this many; default what the options say, else 5
    ///     filter: which passages may be found, of those that the options let through
    #[pyo3(signature = (question, k = None, *, filter: "Filter | None" = None) -> "list[Passage]")]
    fn retrieve(
        &self,
        py: Python<'_>,
        question: String,
        k: Option<usize>,
        filter: Option<Json>,
    ) -> PyResult<Vec<Passage>> {
        wait(py, self.searching(question, k, filter)?)
    }

    /// Does the same as `retrieve` from async code.
    #[pyo3(signature = (question, k = None, *, filter: "Filter | None" = None) -> "list[Passage]")]
    async fn aretrieve(
        &self,
        question: String,
        k: Option<usize>,
        filter: Option<Json>,
    ) -> PyResult<Vec<Passage>> {
        run(self.searching(question, k, filter)?).await
    }

    #[pyo3(signature = () -> "NoReturn")]
    fn __reduce__(slf: &Bound<'_, Self>) -> PyResult<Py<PyAny>> {
        not_picklable(slf)
    }
}

/// A [`KnowledgeBase`], a [`KnowledgeRetriever`], or any object with the method of a retriever.
pub(crate) fn shared(object: &Bound<'_, PyAny>) -> PyResult<Arc<dyn Retriever>> {
    if let Ok(store) = object.cast::<KnowledgeBase>() {
        return Ok(Arc::new(rushlight::KnowledgeBase::clone(&store.get().core)));
    }
    match object.cast::<KnowledgeRetriever>() {
        Ok(retriever) => Ok(Arc::new(rushlight::KnowledgeRetriever::clone(&retriever.get().core))),
        Err(_) => Ok(Arc::new(PythonRetriever::new(object)?)),
    }
}
