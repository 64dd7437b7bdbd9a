use std::collections::HashMap;

use super::analyzer::Analyzer;
use super::postings::{Posting, Postings};
use crate::retrieval::store::Nearest;

/// How soon more occurrences of a word in a text stop to count, and how much long texts are held back:
/// the values of Anserini's baselines.
const K1: f32 = 0.9;
const B: f32 = 0.4;

/// One result of [`LexicalIndex::search`].
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct LexicalMatch {
    /// The text's id.
    pub id: u64,
    /// Its BM25 score, above 0; higher is better.
    pub score: f32,
}

/// Texts by their words, ranked by BM25 (Robertson and Zaragoza 2009, with Lucene's inverse document
/// frequency, which is never negative).
///
/// Scores depend on the texts that are in the index now, not on the order of the changes that led there.
pub struct LexicalIndex {
    analyzer: Analyzer,
    terms: HashMap<Box<str>, u32>,
    postings: Vec<Postings>,
    texts: Vec<Text>,
    slots: HashMap<u64, u32>,
    /// The lengths of all texts that are not removed.
    total_length: u64,
}

#[derive(Debug)]
struct Text {
    id: u64,
    /// The number of terms, repetitions included.
    length: u32,
    live: bool,
    /// Each term once.
    terms: Box<[u32]>,
}

impl LexicalIndex {
    /// An empty index.
    pub fn new() -> Self {
        Self {
            analyzer: Analyzer::new(),
            terms: HashMap::new(),
            postings: Vec::new(),
            texts: Vec::new(),
            slots: HashMap::new(),
            total_length: 0,
        }
    }

    /// Adds a text, in place of the one with the same id.
    pub fn add(&mut self, id: u64, text: &str) {
        self.remove(id);
        let mut frequencies: HashMap<u32, u32> = HashMap::new();
        let mut length = 0;
        let Self { analyzer, terms, postings, .. } = self;
        analyzer.terms(text, |term| {
            let term = if let Some(term) = terms.get(term) {
                *term
            } else {
                let new = postings.len() as u32;
                terms.insert(term.into(), new);
                postings.push(Postings::default());
                new
            };
            *frequencies.entry(term).or_default() += 1;
            length += 1;
        });
        let slot = self.texts.len() as u32;
        for (term, frequency) in &frequencies {
            self.postings[*term as usize].push(Posting { slot, frequency: *frequency });
        }
        self.texts.push(Text { id, length, live: true, terms: frequencies.into_keys().collect() });
        self.slots.insert(id, slot);
        self.total_length += u64::from(length);
    }

    /// Removes a text; an unknown id changes nothing.
    pub fn remove(&mut self, id: u64) {
        let Some(slot) = self.slots.remove(&id) else {
            return;
        };
        let text = &mut self.texts[slot as usize];
        text.live = false;
        self.total_length -= u64::from(text.length);
        for term in std::mem::take(&mut text.terms) {
            self.postings[term as usize].live -= 1;
        }
        if self.texts.len() > 2 * self.slots.len() + 1_000 {
            self.compact();
        }
    }

    /// The number of texts.
    pub fn len(&self) -> usize {
        self.slots.len()
    }

    /// Whether there is no text.
    pub fn is_empty(&self) -> bool {
        self.slots.is_empty()
    }

    /// The `k` texts that share words with `query`, best first, ties by ascending id.
    pub fn search(&self, query: &str, k: usize) -> Vec<LexicalMatch> {
        let mut scores = vec![0.0_f32; self.texts.len()];
        let average = self.total_length as f32 / self.slots.len().max(1) as f32;
        self.analyzer.terms(query, |term| {
            if let Some(term) = self.terms.get(term) {
                self.score(&self.postings[*term as usize], average, &mut scores);
            }
        });
        let mut nearest = Nearest::new(k);
        for (text, score) in self.texts.iter().zip(&scores) {
            if *score > 0.0 && text.live {
                nearest.offer(text.id, *score);
            }
        }
        let best = nearest.into_sorted().into_iter();
        best.map(|ranked| LexicalMatch { id: ranked.id, score: ranked.score }).collect()
    }

    fn score(&self, postings: &Postings, average: f32, scores: &mut [f32]) {
        let (all, holding) = (self.slots.len() as f32, postings.live as f32);
        let weight = (1.0 + (all - holding + 0.5) / (holding + 0.5)).ln();
        for posting in postings.iter() {
            let slot = posting.slot as usize;
            let frequency = posting.frequency as f32;
            let relative_length = self.texts[slot].length as f32 / average;
            let saturation = frequency / (frequency + K1 * (1.0 - B + B * relative_length));
            scores[slot] += weight * saturation * (K1 + 1.0);
        }
    }

    /// Drops what removed texts left behind.
    fn compact(&mut self) {
        let mut new_slots: Vec<Option<u32>> = Vec::with_capacity(self.texts.len());
        let mut next = 0;
        for text in &self.texts {
            new_slots.push(text.live.then_some(next));
            next += u32::from(text.live);
        }
        for postings in &mut self.postings {
            let mut packed = Postings::default();
            for posting in postings.iter() {
                if let Some(slot) = new_slots[posting.slot as usize] {
                    packed.push(Posting { slot, ..posting });
                }
            }
            *postings = packed;
        }
        self.texts.retain(|text| text.live);
        self.slots = self.texts.iter().zip(0..).map(|(text, slot)| (text.id, slot)).collect();
    }
}

impl Default for LexicalIndex {
    fn default() -> Self {
        Self::new()
    }
}

impl std::fmt::Debug for LexicalIndex {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter
            .debug_struct("LexicalIndex")
            .field("texts", &self.len())
            .field("terms", &self.terms.len())
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests;
