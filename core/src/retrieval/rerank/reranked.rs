use std::fmt::Debug;

use async_trait::async_trait;
use sha2::{Digest, Sha256};

use crate::retrieval::{Passage, Query, Reranker, Retriever};
use crate::{Error, Result};

/// A retriever whose passages are looked at a second time: it finds more than were asked for, scores them all with
/// a [`Reranker`], and keeps the best.
///
/// ```
/// use rushlight::retrieval::LexicalReranker;
/// use rushlight::{HashedEmbedder, KnowledgeBase, Reranked};
///
/// # #[tokio::main] async fn main() -> rushlight::Result<()> {
/// let base = KnowledgeBase::in_memory(HashedEmbedder::new(64)).await?;
/// let retriever = Reranked::new(base, LexicalReranker::new()).candidates(30);
/// # Ok(()) }
/// ```
///
/// The score of a passage becomes the reranker's, which is kept as [`Scores::reranked`](crate::retrieval::Scores::reranked) too;
/// the scores of earlier stages stay. Passages of equal score stay in the order in which they were found.
///
/// # Errors
///
/// Those of both parts; [`Error::Invalid`] when the reranker gives not exactly one finite score for each passage.
#[derive(Debug, Clone)]
#[must_use]
pub struct Reranked<R, S> {
    retriever: R,
    reranker: S,
    candidates: usize,
}

impl<R: Retriever, S: Reranker> Reranked<R, S> {
    /// What `retriever` finds, in the order of `reranker`.
    pub fn new(retriever: R, reranker: S) -> Self {
        Self { retriever, reranker, candidates: 50 }
    }

    /// How many passages are scored, or the number asked for where that is more. Default 50.
    pub fn candidates(mut self, candidates: usize) -> Self {
        self.candidates = candidates;
        self
    }
}

#[async_trait]
#[deny(clippy::missing_trait_methods)]
impl<R: Retriever, S: Reranker> Retriever for Reranked<R, S> {
    async fn retrieve(&self, query: &Query) -> Result<Vec<Passage>> {
        if query.k == 0 {
            return Ok(Vec::new());
        }
        let more = query.clone().k(query.k.max(self.candidates));
        let found = self.retriever.retrieve(&more).await?;
        let mut passages = rerank(&self.reranker, query, found).await?;
        passages.truncate(query.k);
        Ok(passages)
    }

    /// That of the retriever, with the reranker's name and the number of candidates.
    fn version(&self) -> u64 {
        mixed(self.retriever.version(), &(self.candidates, self.reranker.name()))
    }
}

/// The passages in the order of `reranker`; those of equal score stay in the order in which they were found.
///
/// # Errors
///
/// Those of the reranker; [`Error::Invalid`] when it gives not exactly one finite score for each passage.
pub(in crate::retrieval) async fn rerank(
    reranker: &dyn Reranker,
    query: &Query,
    mut passages: Vec<Passage>,
) -> Result<Vec<Passage>> {
    let scores = reranker.score(query, &passages).await?;
    let refuse = |message| Err(Error::invalid(format!("scores of `{}`", reranker.name()), message));
    if scores.len() != passages.len() {
        return refuse(format!("expected {}, got {}", passages.len(), scores.len()));
    }
    if let Some(score) = scores.iter().find(|score| !score.is_finite()) {
        return refuse(format!("expected finite numbers, got {score}"));
    }
    for (passage, score) in passages.iter_mut().zip(scores) {
        passage.score = score;
        passage.scores.reranked = Some(score);
    }
    passages.sort_by(|a, b| b.score.total_cmp(&a.score));
    Ok(passages)
}

/// A version that is another one where `version` or `parts` are.
pub(in crate::retrieval) fn mixed(version: u64, parts: &impl Debug) -> u64 {
    let digest = Sha256::digest(format!("{version} {parts:?}"));
    digest.iter().take(8).fold(0, |version, byte| version << 8 | u64::from(*byte))
}
