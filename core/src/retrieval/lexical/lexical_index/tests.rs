use std::collections::BTreeMap;

use proptest::prelude::*;

use super::*;

fn terms(text: &str) -> Vec<String> {
    let mut terms = Vec::new();
    Analyzer::new().terms(text, |term| terms.push(term.to_owned()));
    terms
}

/// BM25 as the formula stands, in f64.
fn naive(texts: &BTreeMap<u64, String>, query: &str) -> BTreeMap<u64, f64> {
    let texts: BTreeMap<u64, Vec<String>> = texts.iter().map(|(id, text)| (*id, terms(text))).collect();
    let all = texts.len() as f64;
    let average = texts.values().map(Vec::len).sum::<usize>() as f64 / all;
    let mut scores = BTreeMap::new();
    for (id, text) in &texts {
        for term in terms(query) {
            let frequency = text.iter().filter(|other| **other == term).count() as f64;
            let holding = texts.values().filter(|text| text.contains(&term)).count() as f64;
            if frequency > 0.0 {
                let weight = (1.0 + (all - holding + 0.5) / (holding + 0.5)).ln();
                let length = 1.0 - 0.4 + 0.4 * text.len() as f64 / average;
                *scores.entry(*id).or_default() += weight * frequency * 1.9 / (frequency + 0.9 * length);
            }
        }
    }
    scores
}

fn sentence() -> impl Strategy<Value = String> {
    let word = prop::sample::select(vec![
        "cell",
        "cells",
        "rust",
        "max_open_files",
        "files",
        "the",
        "parseHeader",
        "header",
        "3.14",
        "京都",
    ]);
    prop::collection::vec(word, 0..12).prop_map(|words| words.join(" "))
}

proptest! {
    #[test]
    fn scores_equal_the_formula_after_any_changes(
        changes in prop::collection::vec((0_u64..8, prop::option::of(sentence())), 1..40),
        query in sentence(),
    ) {
        let mut index = LexicalIndex::new();
        let mut texts = BTreeMap::new();
        for (id, change) in changes {
            if let Some(text) = change {
                index.add(id, &text);
                texts.insert(id, text);
            } else {
                index.remove(id);
                texts.remove(&id);
            }
        }
        let expected = naive(&texts, &query);

        let found = index.search(&query, 100);

        prop_assert_eq!(index.len(), texts.len());
        prop_assert_eq!(found.len(), expected.len());
        for pair in found.windows(2) {
            let order = pair[1].score.total_cmp(&pair[0].score).then(pair[0].id.cmp(&pair[1].id));
            prop_assert!(order.is_lt());
        }
        for found in &found {
            prop_assert!((f64::from(found.score) - expected[&found.id]).abs() < 1e-4);
        }
    }
}

/// Many texts with words of all frequencies, some of them removed again.
fn many() -> LexicalIndex {
    let mut index = LexicalIndex::new();
    let mut state = 1_u32;
    let mut random = move |below: f32| {
        state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        (state >> 8) as f32 / (1 << 24) as f32 * below
    };
    for id in 0..12_000 {
        // The word `w0` is in about half of the texts, `w400` in few.
        let words = (0..3 + random(20.0) as usize).map(|_| format!("w{}", random(20.0).powi(2) as u32));
        index.add(id, &words.collect::<Vec<_>>().join(" "));
    }
    for id in (0..12_000).step_by(3) {
        index.remove(id);
    }
    index
}

#[test]
fn the_few_best_are_the_first_of_all() {
    let index = many();
    let third = (1..12_000).step_by(4).collect::<IdSet>();

    for query in ["w0 w1 w2 w3 w390", "w0 w0 w5 w17", "w399", "w0", "w1 w2 w3 w4 w5 w6 w7 w8 w9 w10 w11 w12"]
    {
        for only in [None, Some(&third)] {
            let all = index.search_in(query, usize::MAX, only);
            assert!(
                all.iter().all(|found| found.id % 3 != 0 && only.is_none_or(|only| only.contains(found.id)))
            );
            for k in [1, 10, 100] {
                let few = index.search_in(query, k, only);
                assert_eq!(few, all[..k.min(all.len())], "{query}, {k}");
            }
        }
    }
}

#[test]
fn removed_texts_leave_no_trace_in_scores() {
    let mut changed = LexicalIndex::new();
    for id in 0..3_000 {
        changed.add(id, &format!("filler text number {id} about the fox"));
    }
    for id in 0..3_000 {
        changed.remove(id);
    }
    let mut fresh = LexicalIndex::new();
    for index in [&mut changed, &mut fresh] {
        index.add(7, "the quick brown fox");
        index.add(8, "a lazy dog and a fox");
    }

    assert_eq!(changed.search("quick fox", 10), fresh.search("quick fox", 10));
    assert!(changed.texts.len() < 1_500, "removed texts must be dropped, got {}", changed.texts.len());
}

#[test]
fn an_empty_index_and_an_empty_query_find_nothing() {
    let mut index = LexicalIndex::new();
    assert!(index.search("anything", 10).is_empty());

    index.add(1, "something");

    assert!(index.search("", 10).is_empty());
    assert!(index.search("the of", 10).is_empty());
    assert!(index.search("something", 0).is_empty());
}
