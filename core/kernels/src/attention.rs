//! Attention over a cache of keys and values.

use std::ops::Range;

#[cfg(target_arch = "x86_64")]
use crate::cpu::Level;
use crate::halves::{Portable, Widen};
use crate::vector::exponential::exp;
#[cfg(target_arch = "x86_64")]
use crate::{avx2::Avx2, avx512::Avx512};

mod bias;
mod block;
mod page;
#[cfg(test)]
mod tests;

pub use bias::RelativeBias;
pub use page::{KvPage, PAGE};

use block::Block;
use page::Scratch;

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
    scale: f32,
) -> Attended {
    attend_with_bias(queries, visible, pages, first, dimension, scale, None)
}

/// [`attend`] with a number added to each score that depends on the distance from the query to the token.
///
/// # Panics
///
/// As [`attend`] does, or if `bias` lacks a distance of a query to a token of the pages.
pub fn attend_with_bias(
    queries: &[f32],
    visible: &[Range<usize>],
    pages: &[KvPage<'_>],
    first: usize,
    dimension: usize,
    scale: f32,
    bias: Option<RelativeBias<'_>>,
) -> Attended {
    let span = Span { queries, visible, pages, first, dimension, scale, bias };
    #[cfg(target_arch = "x86_64")]
    {
        let level = crate::cpu::active();
        if let (Level::Avx512Vnni | Level::Amx, Some(simd)) = (level, Avx512::new()) {
            return simd.attend(&span);
        } else if let (Level::Avx2, Some(simd)) = (level, Avx2::new()) {
            return simd.attend(&span);
        }
    }
    span.attend(Portable)
}

/// The arguments of [`attend_with_bias`].
#[derive(Debug)]
pub(crate) struct Span<'a> {
    queries: &'a [f32],
    visible: &'a [Range<usize>],
    pages: &'a [KvPage<'a>],
    first: usize,
    dimension: usize,
    scale: f32,
    bias: Option<RelativeBias<'a>>,
}

impl Span<'_> {
    /// [`attend`], compiled for the instruction set of whoever inlines it.
    #[inline(always)]
    pub(crate) fn attend<S: Widen>(&self, simd: S) -> Attended {
        let Self { queries, visible, pages, first, dimension, .. } = *self;
        assert_eq!(queries.len(), visible.len() * dimension, "`queries` has `dimension` values a query");
        assert!(first.is_multiple_of(PAGE), "`first` is where a page begins");
        if let Some(bias) = self.bias {
            bias.check(visible.len(), first + pages.len() * PAGE);
        }
        match visible.len() {
            ..=3 => self.attend_in_blocks::<S, 3>(simd),
            4 => self.attend_in_blocks::<S, 4>(simd),
            _ => self.attend_in_blocks::<S, 8>(simd),
        }
    }

    /// The same with blocks of `ROWS` queries.
    #[inline(always)]
    fn attend_in_blocks<S: Widen, const ROWS: usize>(&self, simd: S) -> Attended {
        let Self { queries, visible, pages, first, dimension, scale, bias } = *self;
        let mut blocks: Vec<Block<'_, ROWS>> = visible
            .chunks(ROWS)
            .zip(queries.chunks(ROWS * dimension))
            .zip((0..).step_by(ROWS))
            .map(|((visible, queries), query)| {
                let bias = bias.map(|bias| bias.since_query(query));
                Block::new(queries, visible, dimension, scale, bias)
            })
            .collect();
        let mut scratch = Scratch::default();
        for (page, start) in pages.iter().zip((first..).step_by(PAGE)) {
            if !blocks.iter().any(|block| block.sees(start)) {
                continue;
            }
            // Halves that are read once are not written down as floats.
            if let ([block], Some((keys, values))) = (&mut blocks[..], page.halves(dimension)) {
                block.add(simd, keys, values, start);
            } else {
                let (keys, values) = page.load(dimension, &mut scratch);
                for block in &mut blocks {
                    block.add(simd, keys, values, start);
                }
            }
        }
        let mut attended = Attended::nothing(visible.len(), dimension);
        for (block, first) in blocks.iter().zip((0..).step_by(ROWS)) {
            block.write(first, &mut attended);
        }
        attended
    }
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
