//! Attention over a cache of keys and values.

use std::ops::Range;

use crate::vector::dispatch;
use crate::vector::exponential::exp;

mod block;
mod page;
#[cfg(test)]
mod tests;

pub use page::{KvPage, PAGE};

use block::Block;
use page::Scratch;

dispatch! {
    /// Attention of some query vectors over a span of the keys and values of one head (flash attention, arXiv
    /// 2205.14135), ready to be merged with that of other spans.
    ///
    /// Query `i` sees the tokens `visible[i]`; `queries` is `[visible.len()][dimension]`; the first token of `pages` is
    /// `first`, and a page has [`PAGE`] tokens, those that nobody sees of any finite value. Scores are multiplied by
    /// `scale`. A query's result does not depend on the others, to the bit, nor on the instruction set. Runs on the
    /// calling thread.
    ///
    /// # Panics
    ///
    /// If `dimension` is no multiple of 16, a slice doesn't have the length of its shape, or `first` is inside a page.
    pub fn attend(
        queries: &[f32],
        visible: &[Range<usize>],
        pages: &[KvPage<'_>],
        first: usize,
        dimension: usize,
        scale: f32
    ) -> Attended = portable;
}

#[inline(always)]
fn portable(
    queries: &[f32],
    visible: &[Range<usize>],
    pages: &[KvPage<'_>],
    first: usize,
    dimension: usize,
    scale: f32,
) -> Attended {
    assert_eq!(queries.len(), visible.len() * dimension, "`queries` has `dimension` values a query");
    assert!(first.is_multiple_of(PAGE), "`first` is where a page begins");
    if visible.len() <= 4 {
        run::<4>(queries, visible, pages, first, dimension, scale)
    } else {
        run::<8>(queries, visible, pages, first, dimension, scale)
    }
}

/// [`portable`] with blocks of `ROWS` queries.
#[inline(always)]
fn run<const ROWS: usize>(
    queries: &[f32],
    visible: &[Range<usize>],
    pages: &[KvPage<'_>],
    first: usize,
    dimension: usize,
    scale: f32,
) -> Attended {
    let mut blocks: Vec<Block<ROWS>> = visible
        .chunks(ROWS)
        .zip(queries.chunks(ROWS * dimension))
        .map(|(visible, queries)| Block::new(queries, visible, dimension, scale))
        .collect();
    let mut scratch = Scratch::default();
    for (page, start) in pages.iter().zip((first..).step_by(PAGE)) {
        if blocks.iter().any(|block| block.sees(start)) {
            let (keys, values) = page.load(dimension, &mut scratch);
            for block in &mut blocks {
                block.add(keys, values, start);
            }
        }
    }
    let mut attended = Attended::nothing(visible.len(), dimension);
    for (block, first) in blocks.iter().zip((0..).step_by(ROWS)) {
        block.write(first, &mut attended);
    }
    attended
}

/// What some queries have seen of a span of tokens: weighted sums of values that are yet to be divided by the weights.
#[derive(Debug, Clone, PartialEq)]
pub struct Attended {
    /// `[queries][dimension]`: the sum of `exp(score - greatest) * value`.
    sums: Vec<f32>,
    /// The greatest score of each query; minus infinity if it has seen nothing.
    greatest: Vec<f32>,
    /// The sum of `exp(score - greatest)`.
    totals: Vec<f32>,
    dimension: usize,
}

impl Attended {
    /// What queries have seen that have seen nothing.
    pub fn nothing(queries: usize, dimension: usize) -> Self {
        Self {
            sums: vec![0.0; queries * dimension],
            greatest: vec![f32::NEG_INFINITY; queries],
            totals: vec![0.0; queries],
            dimension,
        }
    }

    /// Adds what the same queries have seen of another span. The order of the spans is part of the result.
    ///
    /// # Panics
    ///
    /// If the shapes differ.
    pub fn merge(&mut self, other: &Self) {
        assert_eq!(self.sums.len(), other.sums.len(), "both have seen with the same queries");
        let sums = self.sums.chunks_exact_mut(self.dimension).zip(other.sums.chunks_exact(self.dimension));
        for (query, (sums, others)) in sums.enumerate() {
            let (one, two) = (self.greatest[query], other.greatest[query]);
            // NaN stays, whichever has it.
            let greatest = if two > one { two } else { one };
            let base = if greatest == f32::NEG_INFINITY { 0.0 } else { greatest };
            let (mine, its) = (exp(one - base), exp(two - base));
            for (sum, other) in sums.iter_mut().zip(others) {
                *sum = *sum * mine + other * its;
            }
            self.totals[query] = self.totals[query] * mine + other.totals[query] * its;
            self.greatest[query] = greatest;
        }
    }

    /// The result of each query, `dimension` values; NaN if it has seen nothing.
    pub fn rows(&self) -> impl Iterator<Item = impl Iterator<Item = f32>> {
        self.sums.chunks_exact(self.dimension).zip(&self.totals).map(|(sums, total)| {
            let factor = 1.0 / total;
            sums.iter().map(move |sum| sum * factor)
        })
    }
}
