use std::ops::Range;

use super::Attended;
use super::page::PAGE;
use crate::panel::{LANES, Lanes, Panel, add_product, add_product_of_two, add_weighted, interleave};
use crate::vector::exponential::exp;

/// Vectors of weights of a page.
const TILES: usize = PAGE / LANES;

/// The state of up to `ROWS` queries.
#[derive(Debug)]
pub(super) struct Block<const ROWS: usize> {
    /// `[dimension]`
    queries: Vec<[f32; ROWS]>,
    /// The tokens that each query sees; nothing for the rows that fill up the block.
    visible: [(usize, usize); ROWS],
    count: usize,
    scale: f32,
    /// Of each query, scores, then weights.
    weights: [[Lanes; TILES]; ROWS],
    /// `[dimension / 16]`: sums of weighted values.
    sums: Vec<[Lanes; ROWS]>,
    greatest: [f32; ROWS],
    totals: [f32; ROWS],
}

impl<const ROWS: usize> Block<ROWS> {
    #[inline(always)]
    pub(super) fn new(queries: &[f32], visible: &[Range<usize>], dimension: usize, scale: f32) -> Self {
        let mut interleaved = Vec::new();
        interleave(queries, dimension, &mut interleaved);
        let mut ranges = [(0, 0); ROWS];
        for (range, visible) in ranges.iter_mut().zip(visible) {
            *range = (visible.start, visible.end);
        }
        Self {
            queries: interleaved,
            visible: ranges,
            count: visible.len(),
            scale,
            weights: [[[0.0; LANES]; TILES]; ROWS],
            sums: vec![[[0.0; LANES]; ROWS]; dimension / LANES],
            greatest: [f32::NEG_INFINITY; ROWS],
            totals: [0.0; ROWS],
        }
    }

    /// Whether any query sees a token of the page that starts at `start`.
    #[inline(always)]
    pub(super) fn sees(&self, start: usize) -> bool {
        self.visible.iter().any(|&(from, to)| from.max(start) < to.min(start + PAGE))
    }

    /// Takes a page into account.
    #[inline(always)]
    pub(super) fn add<S: Copy, P: Panel<S>>(&mut self, simd: S, keys: &[P], values: &[P], start: usize) {
        if !self.sees(start) {
            return;
        }
        let end = self.visible.iter().map(|&(_, to)| to).max().unwrap_or(0);
        let count = PAGE.min(end - start);
        let tiles = count.div_ceil(LANES);
        self.score(simd, &keys[..tiles * self.queries.len()], start);
        self.weigh(tiles);
        let columns = self.sums.len();
        let weights = self.weights.each_ref().map(|weights| &weights.as_flattened()[..count]);
        // Two columns at a time, so that each weight is loaded once for both.
        let (pairs, rest) = self.sums.as_chunks_mut::<2>();
        for (pair, [left, right]) in pairs.iter_mut().enumerate() {
            let values = values.chunks_exact(columns).filter_map(|row| row[2 * pair..].first_chunk());
            add_weighted(simd, &weights, values, [left, right]);
        }
        if let [last] = rest {
            let values = values.chunks_exact(columns).filter_map(|row| row.last_chunk());
            add_weighted(simd, &weights, values, [last]);
        }
    }

    /// Fills the weights of some tiles of keys with scores; what a query doesn't see is minus infinity.
    #[inline(always)]
    fn score<S: Copy, P: Panel<S>>(&mut self, simd: S, keys: &[P], start: usize) {
        let depth = self.queries.len();
        for (pair, tiles) in keys.chunks(2 * depth).enumerate() {
            let first = start + 2 * pair * LANES;
            let mut scores = [[[0.0; LANES]; ROWS]; 2];
            // Two tiles at a time, so that each value of a query is loaded once for both.
            if let Some((left, right)) = tiles.split_at_checked(depth).filter(|(_, right)| !right.is_empty())
            {
                add_product_of_two(simd, &self.queries, left, right, &mut scores);
                self.mask(&scores[1], 2 * pair + 1, first + LANES);
            } else {
                add_product(simd, &self.queries, tiles, &mut scores[0]);
            }
            self.mask(&scores[0], 2 * pair, first);
        }
    }

    /// Takes the scores of a tile, whose first token is `first`.
    #[inline(always)]
    fn mask(&mut self, scores: &[Lanes; ROWS], tile: usize, first: usize) {
        for (row, scores) in scores.iter().enumerate() {
            let (from, to) = self.visible[row];
            // Those lanes that the query sees, as numbers that vectors can be compared with.
            let from = from.saturating_sub(first).min(LANES) as u32;
            let to = to.saturating_sub(first).min(LANES) as u32;
            let weights = &mut self.weights[row][tile];
            for lane in 0..LANES {
                let seen = from <= lane as u32 && (lane as u32) < to;
                weights[lane] = if seen { scores[lane] * self.scale } else { f32::NEG_INFINITY };
            }
        }
    }

    /// Turns scores into weights relative to the greatest score so far, and rescales what was summed before.
    #[inline(always)]
    fn weigh(&mut self, tiles: usize) {
        for row in 0..ROWS {
            let weights = &mut self.weights[row][..tiles];
            let mut greatest = [self.greatest[row]; LANES];
            for weights in &*weights {
                for lane in 0..LANES {
                    greatest[lane] =
                        if weights[lane] > greatest[lane] { weights[lane] } else { greatest[lane] };
                }
            }
            let greatest = greatest.into_iter().fold(f32::NEG_INFINITY, |a, b| if b > a { b } else { a });
            // A query that has seen nothing yet must not compute infinity minus infinity.
            let base = if greatest == f32::NEG_INFINITY { 0.0 } else { greatest };
            let mut totals = [0.0; LANES];
            for weights in weights {
                for lane in 0..LANES {
                    weights[lane] = exp(weights[lane] - base);
                    totals[lane] += weights[lane];
                }
            }
            let factor = exp(self.greatest[row] - base);
            self.totals[row] = self.totals[row] * factor + totals.into_iter().sum::<f32>();
            for sums in &mut self.sums {
                for sum in &mut sums[row] {
                    *sum *= factor;
                }
            }
            self.greatest[row] = greatest;
        }
    }

    /// Writes the state of the queries, the first of which is the query `first` of `attended`.
    #[inline(always)]
    pub(super) fn write(&self, first: usize, attended: &mut Attended) {
        attended.greatest[first..first + self.count].copy_from_slice(&self.greatest[..self.count]);
        attended.totals[first..first + self.count].copy_from_slice(&self.totals[..self.count]);
        let dimension = self.queries.len();
        let rows = attended.sums.chunks_exact_mut(dimension).skip(first).take(self.count);
        for (row, out) in rows.enumerate() {
            for (out, sums) in out.as_chunks_mut().0.iter_mut().zip(&self.sums) {
                *out = sums[row];
            }
        }
    }
}
