use std::sync::{Arc, Mutex};

use async_trait::async_trait;
use rushlight::retrieval::{FunctionReranker, LexicalReranker};
use rushlight::{ErrorKind, LocalReranker, Passage, Query, Reranked, Reranker, Result, Retriever};
use serde_json::Value;

use super::{cross_encoder, encoders};

/// Finds passages `0`, `1`, `2`… and remembers how many it was asked for.
#[derive(Debug, Default)]
struct Shelf {
    version: u64,
    asked: Mutex<Vec<usize>>,
}

#[async_trait]
impl Retriever for Shelf {
    async fn retrieve(&self, query: &Query) -> Result<Vec<Passage>> {
        self.asked.lock().unwrap().push(query.k);
        let passage = |number: usize| {
            let mut passage = Passage::new(format!("a#{number}"), "a", number.to_string());
            passage.scores.fused = Some(1.0 / number as f32);
            passage
        };
        Ok((1..=20.min(query.k)).map(passage).collect())
    }

    fn version(&self) -> u64 {
        self.version
    }
}

fn texts(passages: &[Passage]) -> Vec<&str> {
    passages.iter().map(|passage| passage.text.as_str()).collect()
}

/// Prefers even numbers.
fn even() -> FunctionReranker {
    FunctionReranker::new("even", |_, passage| {
        if passage.text.parse::<usize>().unwrap().is_multiple_of(2) { 1.0 } else { 0.0 }
    })
}

#[tokio::test]
async fn the_best_of_the_candidates_are_kept_and_ties_stay_in_order() {
    let shelf = Arc::new(Shelf::default());
    let reranked = Reranked::new(Arc::clone(&shelf), even()).candidates(7);

    let passages = reranked.retrieve(&Query::new("which?").k(4)).await.unwrap();

    assert_eq!(texts(&passages), ["2", "4", "6", "1"]);
    assert_eq!(*shelf.asked.lock().unwrap(), [7]);
}

#[tokio::test]
async fn more_passages_than_candidates_may_be_asked_for() {
    let shelf = Arc::new(Shelf::default());
    let reranked = Reranked::new(Arc::clone(&shelf), even()).candidates(3);

    assert_eq!(reranked.retrieve(&Query::new("which?").k(12)).await.unwrap().len(), 12);
    assert!(reranked.retrieve(&Query::new("which?").k(0)).await.unwrap().is_empty());

    assert_eq!(*shelf.asked.lock().unwrap(), [12]);
}

#[tokio::test]
async fn a_passage_keeps_the_scores_of_the_stages_before() {
    let reranked = Reranked::new(Shelf::default(), even());

    let passage = reranked.retrieve(&Query::new("which?").k(1)).await.unwrap().remove(0);

    assert_eq!((passage.score, passage.scores.reranked, passage.scores.fused), (1.0, Some(1.0), Some(0.5)));
    let json = serde_json::to_value(passage.scores).unwrap();
    assert_eq!(json["reranked"], 1.0);
}

#[tokio::test]
async fn scores_that_say_nothing_are_refused() {
    /// Gives these scores, whatever it is asked.
    #[derive(Debug)]
    struct Wrong(Vec<f32>);

    #[async_trait]
    impl Reranker for Wrong {
        async fn score(&self, _query: &Query, _passages: &[Passage]) -> Result<Vec<f32>> {
            Ok(self.0.clone())
        }

        fn name(&self) -> &'static str {
            "wrong"
        }
    }

    for (scores, expected) in [
        (vec![1.0], "invalid scores of `wrong`: expected 2, got 1"),
        (vec![1.0, f32::NAN], "invalid scores of `wrong`: expected finite numbers, got NaN"),
    ] {
        let reranked = Reranked::new(Shelf::default(), Wrong(scores)).candidates(2);

        let error = reranked.retrieve(&Query::new("which?").k(2)).await.unwrap_err();

        assert_eq!(error.to_string(), expected);
    }
}

#[tokio::test]
async fn the_version_is_that_of_documents_reranker_and_candidates() {
    let version = |version, reranker: Arc<dyn Reranker>, candidates| {
        let shelf = Shelf { version, ..Shelf::default() };
        Reranked::new(shelf, reranker).candidates(candidates).version()
    };

    let versions = [
        version(1, Arc::new(even()), 50),
        version(2, Arc::new(even()), 50),
        version(1, Arc::new(LexicalReranker::new()), 50),
        version(1, Arc::new(even()), 51),
    ];

    assert_eq!(version(1, Arc::new(even()), 50), versions[0]);
    for (index, version) in versions.iter().enumerate() {
        assert!(!versions[index + 1..].contains(version), "{versions:?}");
    }
}

#[tokio::test]
async fn a_cross_encoder_reads_question_and_passage_as_sentence_transformers_does() {
    let recorded = std::fs::read(encoders().join("scores.json")).unwrap();
    let recorded: Value = serde_json::from_slice(&recorded).unwrap();
    let texts = |field: &str| recorded[field].as_array().unwrap().iter().map(|text| text.as_str().unwrap());
    let passages: Vec<Passage> = texts("passages").map(|text| Passage::new(text, "a", text)).collect();
    let reranker = cross_encoder().await;

    for (question, expected) in texts("questions").zip(recorded["default"].as_array().unwrap()) {
        let scores = reranker.score(&Query::new(question), &passages).await.unwrap();

        let expected: Vec<f64> =
            expected.as_array().unwrap().iter().map(|score| score.as_f64().unwrap()).collect();
        let near = |(score, expected): (&f32, &f64)| (f64::from(*score) - expected).abs() < 1e-3;
        assert!(scores.iter().zip(&expected).all(near), "{question:?}: {scores:?}, not {expected:?}");
    }
    assert_eq!(reranker.name(), "cross");
}

#[tokio::test]
async fn a_cross_encoder_reads_title_and_headings_too() {
    let mut titled = Passage::new("a#1", "a", "sat on the mat");
    titled.title = "the cat".to_owned();
    titled.headings = vec!["passage".to_owned()];
    let plain = Passage::new("a#2", "a", "the cat passage sat on the mat");

    let scores = cross_encoder().await.score(&Query::new("cat"), &[titled, plain]).await.unwrap();

    assert_eq!(scores, [scores[0]; 2]);
}

#[tokio::test]
async fn what_is_no_cross_encoder_is_refused() {
    let refused = async |path: &str| LocalReranker::open(path).await.unwrap_err();

    let sentences = refused(encoders().join("bert").to_str().unwrap()).await;
    let unknown = refused("cross-encoder/no-such-model").await;

    assert_eq!(sentences.kind(), ErrorKind::Model);
    let cause = std::error::Error::source(&sentences).unwrap().to_string();
    assert!(cause.contains("`classifier.weight`: is missing"), "{cause}");
    assert_eq!(unknown.kind(), ErrorKind::Unknown);
}
