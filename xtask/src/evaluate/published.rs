use std::path::Path;

use serde_json::Value;

use crate::failure::{Failure, Result};
use crate::workspace;

/// Scores that others have published for sets of the BEIR benchmark, and some that were computed plainly.
#[derive(Debug, Default)]
pub(super) struct Published {
    scores: Value,
}

/// A score, and whose it is.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Score {
    pub(super) peer: &'static str,
    pub(super) value: f64,
}

impl Published {
    /// Those of `reference_scores.json` in the folder that holds the sets; none if there is no such file.
    pub(super) fn beside(set: &Path) -> Result<Self> {
        let file = set.parent().unwrap_or(set).join("reference_scores.json");
        if !file.is_file() {
            return Ok(Self::default());
        }
        let scores = serde_json::from_str(&workspace::read(&file)?)
            .map_err(|error| Failure::new(format!("`{}` is no JSON: {error}", file.display())))?;
        Ok(Self { scores })
    }

    /// The score of a set's questions by a method, where somebody has one: `metric` is `nDCG@10` or `R@100`.
    pub(super) fn score(&self, set: &str, split: &str, method: &str, metric: &str) -> Option<Score> {
        let score = |peer, value: &Value| Some(Score { peer, value: value.as_f64()? });
        match method {
            "bm25" => {
                // All text in one field, as ours has it.
                let anserini = &self.scores["beir_anserini"]["scores"][set]["bm25_flat"][metric];
                score("anserini bm25", anserini).or_else(|| {
                    let plain = self.scores["own_bm25_check"]["scores"].as_object()?;
                    // What follows the name tells how judgements were read.
                    let name = format!("{set}:{split}");
                    let found = plain.iter().find(|(key, _)| key.split(' ').next() == Some(&name))?;
                    score("plain bm25", &found.1[metric])
                })
            }
            "dense" if metric == "nDCG@10" => {
                let mteb = &self.scores["mteb_all-MiniLM-L6-v2_nDCG@10"]["scores"][set];
                score("mteb all-MiniLM-L6-v2, as quoted", mteb)
            }
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_score_is_found_by_set_split_method_and_metric() {
        let published = Published {
            scores: json!({
                "beir_anserini": {"scores": {"scifact": {"bm25_flat": {"nDCG@10": 0.6}}}},
                "own_bm25_check": {"scores": {"cranfield:test (graded)": {"R@100": 0.7}, "cosqa:test": {"R@100": 0.8}}},
                "mteb_all-MiniLM-L6-v2_nDCG@10": {"scores": {"scifact": 0.5}},
            }),
        };
        let score = |set, split, method, metric| {
            published.score(set, split, method, metric).map(|score| (score.peer, score.value))
        };

        assert_eq!(score("scifact", "test", "bm25", "nDCG@10"), Some(("anserini bm25", 0.6)));
        assert_eq!(score("cranfield", "test", "bm25", "R@100"), Some(("plain bm25", 0.7)));
        assert_eq!(
            score("scifact", "test", "dense", "nDCG@10"),
            Some(("mteb all-MiniLM-L6-v2, as quoted", 0.5))
        );
        // Other questions, another metric, another method.
        assert_eq!(score("cosqa", "dev", "bm25", "R@100"), None);
        assert_eq!(score("scifact", "test", "dense", "R@100"), None);
        assert_eq!(score("scifact", "test", "hybrid", "nDCG@10"), None);
        assert_eq!(Published::default().score("scifact", "test", "bm25", "nDCG@10"), None);
    }
}
