use std::collections::HashSet;

use crate::retrieval::Passage;
use crate::retrieval::lexical::distinct_terms;

/// Passages that share this part of their words say the same.
const DUPLICATE: f32 = 0.9;

/// The `k` passages that are relevant and differ from each other: each is the one whose relevance, counted `lambda`,
/// and difference from those before it, counted `1 - lambda`, are greatest (maximal marginal relevance: Carbonell and
/// Goldstein, SIGIR 1998). Near-duplicates of one before are dropped, so there may be fewer.
///
/// Relevance is the score, from 0 for the lowest to 1 for the highest. Passages are alike by the share of words that
/// they have in common, between 0 and 1 (Jaccard). What decides becomes the score of a passage, and is kept as
/// [`Scores::mmr`](crate::retrieval::Scores::mmr) too. A `lambda` of 1 keeps the order and drops near-duplicates.
pub fn diversify(passages: Vec<Passage>, lambda: f32, k: usize) -> Vec<Passage> {
    let scores = passages.iter().map(|passage| passage.score);
    let highest = scores.clone().fold(f32::NEG_INFINITY, f32::max);
    let lowest = scores.fold(f32::INFINITY, f32::min);
    let relevance = |score: f32| if highest > lowest { (score - lowest) / (highest - lowest) } else { 1.0 };
    let mut left: Vec<Candidate> = passages
        .into_iter()
        .map(|passage| Candidate {
            relevance: relevance(passage.score),
            terms: distinct_terms(&passage.text),
            likeness: 0.0,
            passage,
        })
        .collect();
    let mut chosen = Vec::new();
    while chosen.len() < k {
        let marginal =
            |candidate: &Candidate| lambda * candidate.relevance - (1.0 - lambda) * candidate.likeness;
        // Of equal ones the first.
        let best = left.iter().enumerate().rev().max_by(|(_, a), (_, b)| marginal(a).total_cmp(&marginal(b)));
        let Some((index, _)) = best else {
            break;
        };
        let score = marginal(&left[index]);
        let Candidate { mut passage, terms, .. } = left.remove(index);
        passage.score = score;
        passage.scores.mmr = Some(score);
        chosen.push(passage);
        left.retain_mut(|other| {
            other.likeness = other.likeness.max(jaccard(&terms, &other.terms));
            other.likeness < DUPLICATE
        });
    }
    chosen
}

/// A passage that is not chosen yet.
struct Candidate {
    passage: Passage,
    relevance: f32,
    terms: HashSet<String>,
    /// How much it is like the one of the chosen that it is most like.
    likeness: f32,
}

fn jaccard(left: &HashSet<String>, right: &HashSet<String>) -> f32 {
    let common = left.intersection(right).count();
    let all = left.len() + right.len() - common;
    if all == 0 { 1.0 } else { common as f32 / all as f32 }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(texts: &[(&str, f32)]) -> Vec<Passage> {
        let passage = |(text, score): &(&str, f32)| {
            let mut passage = Passage::new(*text, "a", *text);
            passage.score = *score;
            passage
        };
        texts.iter().map(passage).collect()
    }

    fn texts(passages: &[Passage]) -> Vec<&str> {
        passages.iter().map(|passage| passage.text.as_str()).collect()
    }

    const PODS: [(&str, f32); 4] = [
        ("pods restart when probes fail", 5.0),
        ("pods restart when their probes fail again", 4.9),
        ("The pods restart when probes fail!", 4.8),
        ("nodes drain slowly", 4.0),
    ];

    #[test]
    fn near_duplicates_are_dropped_and_the_order_stays() {
        let chosen = diversify(found(&PODS), 1.0, 4);

        assert_eq!(texts(&chosen), [PODS[0].0, PODS[1].0, PODS[3].0]);
    }

    #[test]
    fn what_is_new_comes_before_what_was_said() {
        let chosen = diversify(found(&PODS), 0.4, 2);

        assert_eq!(texts(&chosen), [PODS[0].0, PODS[3].0]);
        assert_eq!(chosen[0].scores.mmr, Some(0.4));
        assert_eq!(chosen[1].scores.mmr, Some(chosen[1].score));
    }

    #[test]
    fn equal_scores_stay_in_order() {
        let chosen = diversify(found(&[("tides", 1.0), ("dough", 1.0), ("hives", 1.0)]), 0.5, 2);

        assert_eq!(texts(&chosen), ["tides", "dough"]);
    }

    #[test]
    fn nothing_is_chosen_from_nothing_or_for_zero() {
        assert!(diversify(Vec::new(), 0.5, 3).is_empty());
        assert!(diversify(found(&PODS), 0.5, 0).is_empty());
    }
}
