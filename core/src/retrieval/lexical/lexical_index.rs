use std::collections::HashMap;
use std::sync::OnceLock;

use super::analyzer::Analyzer;
use super::bytes::{put, take};
use super::postings::{Posting, Postings};
use super::ranking::{Term, best, norm, weight};
use crate::retrieval::metadata::IdSet;

/// Words whose terms are remembered, so that they are analysed once.
const KNOWN_WORDS: usize = 1 << 16;

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
    /// The terms of words that were met before.
    words: HashMap<Box<str>, Box<[u32]>>,
    postings: Vec<Postings>,
    texts: Vec<Text>,
    slots: HashMap<u64, u32>,
    /// The lengths of all texts that are not removed.
    total_length: u64,
    /// How much the length of each text holds its scores back; empty after a change.
    norms: OnceLock<Vec<f32>>,
}

/// What is known of a text, at its slot.
#[derive(Debug)]
pub(super) struct Text {
    pub(super) id: u64,
    /// The number of terms, repetitions included.
    length: u32,
    pub(super) live: bool,
    /// Each term once, ascending, as distances.
    terms: Box<[u8]>,
}

impl LexicalIndex {
    /// An empty index.
    pub fn new() -> Self {
        Self {
            analyzer: Analyzer::new(),
            terms: HashMap::new(),
            words: HashMap::new(),
            postings: Vec::new(),
            texts: Vec::new(),
            slots: HashMap::new(),
            total_length: 0,
            norms: OnceLock::new(),
        }
    }

    /// Adds a text, in place of the one with the same id.
    pub fn add(&mut self, id: u64, text: &str) {
        self.remove(id);
        self.norms.take();
        let mut found = self.number(text);
        let length = found.len() as u32;
        found.sort_unstable();
        let slot = self.texts.len() as u32;
        let mut terms = Vec::new();
        let mut last = 0;
        for same in found.chunk_by(PartialEq::eq) {
            put(&mut terms, same[0] - last);
            last = same[0];
            let frequency = same.len() as u32;
            self.postings[last as usize].push(Posting { slot, frequency }, length);
        }
        self.texts.push(Text { id, length, live: true, terms: terms.into() });
        self.slots.insert(id, slot);
        self.total_length += u64::from(length);
    }

    /// The numbers of the terms of `text`, in order; new terms get one.
    fn number(&mut self, text: &str) -> Vec<u32> {
        let mut numbers = Vec::new();
        Analyzer::words(text, |word| {
            if let Some(known) = self.words.get(word) {
                numbers.extend_from_slice(known);
                return;
            }
            let first = numbers.len();
            self.analyzer.word(word, |term| {
                let number = self.terms.get(term).copied().unwrap_or_else(|| {
                    self.terms.insert(term.into(), self.postings.len() as u32);
                    self.postings.push(Postings::default());
                    self.postings.len() as u32 - 1
                });
                numbers.push(number);
            });
            if self.words.len() < KNOWN_WORDS {
                self.words.insert(word.into(), numbers[first..].into());
            }
        });
        numbers
    }

    /// Removes a text; an unknown id changes nothing.
    pub fn remove(&mut self, id: u64) {
        let Some(slot) = self.slots.remove(&id) else {
            return;
        };
        self.norms.take();
        let text = &mut self.texts[slot as usize];
        text.live = false;
        self.total_length -= u64::from(text.length);
        let terms = std::mem::take(&mut text.terms);
        let mut rest = terms.iter();
        let mut term = 0;
        while let Some(distance) = take(&mut rest) {
            term += distance;
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
        self.search_in(query, k, None)
    }

    /// The `k` best texts of those of `only`, if it is given. Scores are as among all texts.
    pub(in crate::retrieval) fn search_in(
        &self,
        query: &str,
        k: usize,
        only: Option<&IdSet>,
    ) -> Vec<LexicalMatch> {
        let mut wanted: Vec<u32> = Vec::new();
        self.analyzer.terms(query, |term| wanted.extend(self.terms.get(term)));
        wanted.sort_unstable();
        let (texts, average) = (self.texts.len(), self.average());
        let terms = wanted.chunk_by(PartialEq::eq).filter_map(|same| {
            let postings = &self.postings[same[0] as usize];
            let weight = same.len() as f32 * weight(self.slots.len(), postings.live as usize);
            (postings.live > 0).then(|| Term::new(postings, weight, norm(postings.min_length, average)))
        });
        let terms: Vec<Term<'_>> = terms.collect();
        let norms = self.norms.get_or_init(|| {
            let mut norms = Vec::with_capacity(texts);
            norms.extend(self.texts.iter().map(|text| norm(text.length, average)));
            norms
        });
        let best = best(terms, norms, k, |slot| {
            let text = &self.texts[slot as usize];
            (text.live && only.is_none_or(|only| only.contains(text.id))).then_some(text.id)
        });
        best.into_iter().map(|ranked| LexicalMatch { id: ranked.id, score: ranked.score }).collect()
    }

    fn average(&self) -> f32 {
        self.total_length as f32 / self.slots.len().max(1) as f32
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
            for Posting { slot, frequency } in postings.read() {
                if let Some(new) = new_slots[slot as usize] {
                    packed.push(Posting { slot: new, frequency }, self.texts[slot as usize].length);
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
