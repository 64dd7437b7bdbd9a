//! What every [`Reranker`] does.

use std::sync::Arc;

use rushlight::{Passage, Query, Reranker};

/// One test for each case; the argument makes a reranker.
#[macro_export]
macro_rules! reranker_suite {
    ($make:expr) => {
        $crate::conformance!(
            reranker,
            $make,
            each_passage_has_one_finite_score,
            no_passages_give_no_scores,
            odd_questions_and_passages_are_scored,
            the_same_passages_get_the_same_scores,
            the_place_of_a_passage_does_not_matter,
            scores_from_before_do_not_matter,
            the_name_stays,
            works_behind_a_shared_pointer,
        );
    };
}

fn passages() -> Vec<Passage> {
    let texts = [
        "The moon pulls the oceans. High tide comes twice a day.",
        "Knead the dough, let it rise, then bake it.",
        "Honey bees dance to tell the hive where flowers are.",
        "Tide tables list high tide for each harbour.",
    ];
    let passage = |(index, text): (usize, &&str)| Passage::new(format!("a#{index}"), "a", *text);
    texts.iter().enumerate().map(passage).collect()
}

fn query() -> Query {
    Query::new("When is high tide?")
}

/// One finite score for each passage.
pub async fn each_passage_has_one_finite_score(reranker: &impl Reranker) {
    let scores = reranker.score(&query(), &passages()).await.unwrap();

    assert_eq!(scores.len(), passages().len());
    assert!(scores.iter().all(|score| score.is_finite()), "{scores:?}");
}

/// An empty list gives an empty list.
pub async fn no_passages_give_no_scores(reranker: &impl Reranker) {
    assert!(reranker.score(&query(), &[]).await.unwrap().is_empty());
}

/// Empty texts, repeated passages and an empty question are scored like any other.
pub async fn odd_questions_and_passages_are_scored(reranker: &impl Reranker) {
    let mut odd = vec![Passage::new("b#0", "b", ""), Passage::new("b#1", "b", " \n—"), passages().remove(0)];
    odd.push(odd[2].clone());
    for question in ["When is high tide?", "", " \n\t"] {
        let scores = reranker.score(&Query::new(question), &odd).await.unwrap();

        assert_eq!(scores.len(), 4);
        assert!(scores.iter().all(|score| score.is_finite()), "{scores:?}");
        assert!(agree(scores[2], scores[3]), "{scores:?}");
    }
}

/// Scoring changes nothing.
pub async fn the_same_passages_get_the_same_scores(reranker: &impl Reranker) {
    let first = reranker.score(&query(), &passages()).await.unwrap();

    assert_eq!(reranker.score(&query(), &passages()).await.unwrap(), first);
}

/// A passage keeps its score when the passages come in another order.
pub async fn the_place_of_a_passage_does_not_matter(reranker: &impl Reranker) {
    let mut turned = passages();
    turned.reverse();

    let scores = reranker.score(&query(), &passages()).await.unwrap();
    let turned = reranker.score(&query(), &turned).await.unwrap();

    assert!(scores.iter().zip(turned.iter().rev()).all(|(a, b)| agree(*a, *b)), "{scores:?} {turned:?}");
}

/// Earlier stages do not count.
pub async fn scores_from_before_do_not_matter(reranker: &impl Reranker) {
    let mut before = passages();
    for (index, passage) in before.iter_mut().enumerate() {
        passage.score = index as f32;
        passage.scores.fused = Some(index as f32);
    }

    let scores = reranker.score(&query(), &passages()).await.unwrap();

    assert_eq!(reranker.score(&query(), &before).await.unwrap(), scores);
}

/// The name is there, and the same at every call.
pub async fn the_name_stays(reranker: &impl Reranker) {
    let name = reranker.name().to_owned();
    reranker.score(&query(), &passages()).await.unwrap();

    assert!(!name.is_empty());
    assert_eq!(reranker.name(), name);
}

/// An `Arc` of a reranker is that reranker.
pub async fn works_behind_a_shared_pointer(reranker: &(impl Reranker + Clone)) {
    let shared: Arc<dyn Reranker> = Arc::new(reranker.clone());

    assert_eq!(shared.name(), reranker.name());
    each_passage_has_one_finite_score(&shared).await;
}

/// Equal up to the rounding of sums in another order.
fn agree(a: f32, b: f32) -> bool {
    (a - b).abs() <= 1e-5 * a.abs().max(1.0)
}
