//! Attention over a cache of keys and values.

use crate::panel::{LANES, Lanes, ROWS, add_product, interleave};
use crate::vector::dispatch;
use crate::vector::exponential::exp;

#[cfg(test)]
mod tests;

/// Keys that are weighted at once. The softmax is rescaled at these steps, so they are part of the result.
const STEP: usize = 128;

dispatch! {
    /// Attention of some query vectors over the keys and values of one head (flash attention, arXiv 2205.14135).
    ///
    /// Query `i` sees the first `visible[i]` keys; `queries` and `out` are `[visible.len()][dimension]`. `keys` lie in
    /// tiles of 16 tokens, `[tokens / 16][dimension][16]`, so that 16 scores are computed at once; the last tile may be
    /// partly filled with anything finite. `values` are `[tokens][dimension]`. Scores are multiplied by `scale`. A
    /// query's result does not depend on the others, to the bit. Runs on the calling thread.
    ///
    /// # Panics
    ///
    /// If `dimension` is no multiple of 16, a slice doesn't have the length of its shape, or a query sees no key or more
    /// than there are.
    pub fn attention(queries: &[f32], visible: &[usize], keys: &[f32], values: &[f32], dimension: usize, scale: f32, out: &mut [f32]) = portable;
}

#[inline(always)]
fn portable(
    queries: &[f32],
    visible: &[usize],
    keys: &[f32],
    values: &[f32],
    dimension: usize,
    scale: f32,
    out: &mut [f32],
) {
    assert!(dimension > 0 && dimension.is_multiple_of(LANES), "`dimension` is a multiple of 16");
    assert_eq!(queries.len(), visible.len() * dimension, "`queries` has `dimension` values a query");
    assert_eq!(out.len(), queries.len(), "`out` is as long as `queries`");
    let tokens = values.len() / dimension;
    assert_eq!(values.len(), tokens * dimension, "`values` has `dimension` values a token");
    assert!(keys.len() >= tokens.next_multiple_of(LANES) * dimension, "`keys` has a place for every token");
    assert!(
        visible.iter().all(|visible| (1..=tokens).contains(visible)),
        "every query sees some of the tokens"
    );
    let tiles = keys.as_chunks::<LANES>().0;
    let values = values.as_chunks::<LANES>().0;
    let mut block = Block::default();
    let together =
        visible.chunks(ROWS).zip(queries.chunks(ROWS * dimension)).zip(out.chunks_mut(ROWS * dimension));
    for ((visible, queries), out) in together {
        block.run(queries, visible, tiles, values, dimension, scale, out);
    }
}

/// The state of up to `ROWS` queries.
#[derive(Debug, Default)]
struct Block {
    /// `[dimension]`
    queries: Vec<[f32; ROWS]>,
    /// `[STEP]`: scores, then weights.
    weights: Vec<[f32; ROWS]>,
    /// `[dimension / 16]`: sums of weighted values.
    sums: Vec<[Lanes; ROWS]>,
}

impl Block {
    #[inline(always)]
    #[expect(clippy::too_many_arguments, reason = "those of the public function")]
    fn run(
        &mut self,
        queries: &[f32],
        visible: &[usize],
        tiles: &[Lanes],
        values: &[Lanes],
        dimension: usize,
        scale: f32,
        out: &mut [f32],
    ) {
        let columns = dimension / LANES;
        interleave(queries, dimension, &mut self.queries);
        self.sums.clear();
        self.sums.resize(columns, [[0.0; LANES]; ROWS]);
        let mut seen = [0; ROWS];
        seen[..visible.len()].copy_from_slice(visible);
        let last = seen.into_iter().max().unwrap_or(0);
        let mut greatest = [f32::NEG_INFINITY; ROWS];
        let mut totals = [0.0; ROWS];

        for first in (0..last).step_by(STEP) {
            let count = STEP.min(last - first);
            self.score(&tiles[first * columns..], first, count, dimension, scale, &seen);
            self.weigh(&mut greatest, &mut totals);
            for (column, sums) in self.sums.iter_mut().enumerate() {
                let values = values[first * columns + column..].iter().step_by(columns);
                add_product(&self.weights[..count], values, sums);
            }
        }

        for (query, out) in out.chunks_exact_mut(dimension).enumerate() {
            let factor = 1.0 / totals[query];
            for (out, sums) in out.as_chunks_mut().0.iter_mut().zip(&self.sums) {
                *out = sums[query].map(|sum| sum * factor);
            }
        }
    }

    /// Fills `weights` with the scores of the keys from `first` on; what a query doesn't see is minus infinity.
    #[inline(always)]
    fn score(
        &mut self,
        tiles: &[Lanes],
        first: usize,
        count: usize,
        dimension: usize,
        scale: f32,
        seen: &[usize; ROWS],
    ) {
        self.weights.clear();
        self.weights.resize(STEP, [f32::NEG_INFINITY; ROWS]);
        let tiles = tiles.chunks_exact(dimension);
        for ((tile, weights), token) in
            tiles.zip(self.weights[..count].chunks_mut(LANES)).zip((first..).step_by(LANES))
        {
            let mut scores = [[0.0; LANES]; ROWS];
            add_product(&self.queries, tile.iter(), &mut scores);
            for (lane, weights) in weights.iter_mut().enumerate() {
                for ((weight, scores), seen) in weights.iter_mut().zip(&scores).zip(seen) {
                    *weight = if token + lane < *seen { scores[lane] * scale } else { f32::NEG_INFINITY };
                }
            }
        }
    }

    /// Turns scores into weights relative to the greatest score so far, and rescales what was summed before.
    #[inline(always)]
    fn weigh(&mut self, greatest: &mut [f32; ROWS], totals: &mut [f32; ROWS]) {
        let mut highest = *greatest;
        for weights in &self.weights {
            for (highest, weight) in highest.iter_mut().zip(weights) {
                *highest = if *weight > *highest { *weight } else { *highest };
            }
        }
        // A row that sees nothing (one that fills up the block) must not compute infinity minus infinity.
        let highest = highest.map(|highest| if highest == f32::NEG_INFINITY { 0.0 } else { highest });
        let mut sums = [0.0; ROWS];
        for weights in &mut self.weights {
            for ((weight, highest), sum) in weights.iter_mut().zip(&highest).zip(&mut sums) {
                *weight = exp(*weight - highest);
                *sum += *weight;
            }
        }
        for query in 0..ROWS {
            let factor = exp(greatest[query] - highest[query]);
            totals[query] = totals[query] * factor + sums[query];
            for sums in &mut self.sums {
                sums[query] = sums[query].map(|sum| sum * factor);
            }
        }
        *greatest = highest;
    }
}
