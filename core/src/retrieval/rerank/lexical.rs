use async_trait::async_trait;

use crate::Result;
use crate::retrieval::blocking::blocking;
use crate::retrieval::lexical::searchable;
use crate::retrieval::{LexicalIndex, Passage, Query, Reranker};

/// Scores by the words of the question: BM25 over the given passages alone.
///
/// A word that all candidates share tells nothing here, however rare it is among all documents; one that only
/// some of them have decides. No model is needed. Words are compared by their English stems.
#[derive(Debug, Clone, Copy, Default)]
#[non_exhaustive]
pub struct LexicalReranker {}

impl LexicalReranker {
    /// The reranker; it has no settings.
    pub fn new() -> Self {
        Self {}
    }
}

#[async_trait]
impl Reranker for LexicalReranker {
    async fn score(&self, query: &Query, passages: &[Passage]) -> Result<Vec<f32>> {
        let question = query.text.clone();
        let texts: Vec<String> = passages
            .iter()
            .map(|passage| searchable(&passage.title, &passage.headings, &passage.text))
            .collect();
        blocking("the reranker", move || Ok(bm25(&question, &texts))).await
    }

    fn name(&self) -> &'static str {
        "lexical/1"
    }
}

fn bm25(question: &str, texts: &[String]) -> Vec<f32> {
    let mut index = LexicalIndex::new();
    for (id, text) in texts.iter().enumerate() {
        index.add(id as u64, text);
    }
    let mut scores = vec![0.0; texts.len()];
    for found in index.search(question, texts.len()) {
        scores[found.id as usize] = found.score;
    }
    scores
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_all_candidates_share_decides_nothing() {
        let texts = ["pods restart", "pods are evicted and evicted", "pods wait"].map(String::from);

        let scores = bm25("why are pods evicted?", &texts);

        assert!(scores[1] > 2.0 * scores[0], "{scores:?}");
        assert!((scores[0] - scores[2]).abs() < 1e-6, "{scores:?}");
    }

    #[test]
    fn no_word_in_common_scores_nothing() {
        assert_eq!(bm25("tides", &["dough".to_owned()]), [0.0]);
        assert!(bm25("tides", &[]).is_empty());
    }
}
