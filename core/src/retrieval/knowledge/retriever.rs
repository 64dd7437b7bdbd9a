use std::sync::Arc;

use async_trait::async_trait;
use serde::{Deserialize, Serialize};

use super::{KnowledgeBase, SearchMode};
use crate::retrieval::blocking::blocking;
use crate::retrieval::rerank::{mixed, rerank};
use crate::retrieval::{Filter, LexicalReranker, Passage, Query, Reranker, Retriever, diversify};
use crate::setters::setters;
use crate::{Error, Result};

const WORKER: &str = "the retriever";

/// How a [`KnowledgeRetriever`] finds passages: search, then reranking, then diversity; all but the first may be left
/// out.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
#[non_exhaustive]
pub struct RetrieverOptions {
    /// At most this many passages, also where a query asks for more. Default: what the query asks for.
    pub k: Option<usize>,
    /// How passages are searched. Default: as the base was opened with.
    pub mode: Option<SearchMode>,
    /// Which passages may be found, beside what a query's own filter says.
    pub filter: Option<Filter>,
    /// Whether what was found is put in a new order by a [`Reranker`]; without one of your own
    /// ([`KnowledgeRetriever::reranker`]) by [`LexicalReranker`]. Default false.
    pub rerank: bool,
    /// How much relevance counts against what passages before said already, from 0 to 1, by
    /// [`diversify`](crate::retrieval::diversify). Default: not asked.
    pub mmr: Option<f32>,
    /// Passages that are found for reranking and diversity, or the number asked for where that is more. Default 50.
    pub candidates: usize,
}

setters!(RetrieverOptions {
    rerank: bool,
    candidates: usize;
    k: usize,
    mode: SearchMode,
    filter: Filter,
    mmr: f32
});

impl Default for RetrieverOptions {
    fn default() -> Self {
        Self { k: None, mode: None, filter: None, rerank: false, mmr: None, candidates: 50 }
    }
}

/// The passages of a [`KnowledgeBase`], found in several stages: made by [`KnowledgeBase::retriever`].
#[derive(Debug, Clone)]
pub struct KnowledgeRetriever {
    base: KnowledgeBase,
    options: RetrieverOptions,
    reranker: Option<Arc<dyn Reranker>>,
}

impl KnowledgeRetriever {
    /// # Errors
    ///
    /// [`Error::Invalid`] when `mmr` is not from 0 to 1.
    pub(super) fn new(base: KnowledgeBase, options: RetrieverOptions) -> Result<Self> {
        if let Some(mmr) = options.mmr
            && !(0.0..=1.0).contains(&mmr)
        {
            return Err(Error::invalid("`mmr`", format!("expected a number from 0 to 1, got {mmr}")));
        }
        let reranker = options.rerank.then(|| Arc::new(LexicalReranker::new()) as Arc<dyn Reranker>);
        Ok(Self { base, options, reranker })
    }

    /// What it was made with; [`reranker`](Self::reranker) sets `rerank`.
    pub fn options(&self) -> &RetrieverOptions {
        &self.options
    }

    /// The same with a reranker of your own.
    #[must_use]
    pub fn reranker(mut self, reranker: impl Reranker) -> Self {
        self.options.rerank = true;
        self.reranker = Some(Arc::new(reranker));
        self
    }
}

#[async_trait]
#[deny(clippy::missing_trait_methods)]
impl Retriever for KnowledgeRetriever {
    async fn retrieve(&self, query: &Query) -> Result<Vec<Passage>> {
        let Self { base, options, reranker } = self;
        let k = options.k.map_or(query.k, |most| most.min(query.k));
        let is_refined = reranker.is_some() || options.mmr.is_some();
        let mut wide = query.clone().k(if is_refined && k > 0 { k.max(options.candidates) } else { k });
        wide.filter = match (query.filter.clone(), options.filter.clone()) {
            (Some(one), Some(other)) => Some(Filter::all([one, other])),
            (one, other) => one.or(other),
        };
        let mut passages = base.search(&wide, options.mode.unwrap_or(base.mode())).await?;
        if let Some(reranker) = reranker {
            passages = rerank(&**reranker, query, passages).await?;
        }
        if let Some(mmr) = options.mmr {
            passages = blocking(WORKER, move || Ok(diversify(passages, mmr, k))).await?;
        }
        passages.truncate(k);
        Ok(passages)
    }

    fn version(&self) -> u64 {
        let reranker = self.reranker.as_deref().map(Reranker::name);
        mixed(self.base.version(), &(&self.options, reranker))
    }
}
