use std::ops::Range;

use super::Attended;
use super::bias::RelativeBias;
use super::page::PAGE;
use crate::panel::{
    LANES, Lanes, Panel, add_product, add_product_of_two, add_weighted, for_each_row, interleave,
};
use crate::vector::exponential::exp;
use crate::vector::total;

/// Vectors of weights of a page.
const TILES: usize = PAGE / LANES;

/// The state of up to `ROWS` queries.
#[derive(Debug)]
pub(super) struct Block<'a, const ROWS: usize> {
    /// `[dimension]`, multiplied by the scale of scores.
    queries: Vec<[f32; ROWS]>,
    /// The tokens that each query sees; nothing for the rows that fill up the block.
    visible: [(usize, usize); ROWS],
    count: usize,
    bias: Option<RelativeBias<'a>>,
    /// Of each query, scores, then weights.
    weights: [[Lanes; TILES]; ROWS],
    /// `[dimension / 16]`: sums of weighted values.
    sums: Vec<[Lanes; ROWS]>,
    greatest: [f32; ROWS],
    /// Sums of weights, lane by lane.
    totals: [Lanes; ROWS],
}

impl<'a, const ROWS: usize> Block<'a, ROWS> {
    #[inline(always)]
    pub(super) fn new(
        queries: &[f32],
        visible: &[Range<usize>],
        dimension: usize,
        scale: f32,
        bias: Option<RelativeBias<'a>>,
    ) -> Self {
        let mut interleaved = Vec::new();
        interleave(queries, dimension, &mut interleaved);
        for value in interleaved.as_flattened_mut() {
            *value *= scale;
        }
        let mut ranges = [(0, 0); ROWS];
        for (range, visible) in ranges.iter_mut().zip(visible) {
            *range = (visible.start, visible.end);
        }
        Self {
            queries: interleaved,
            visible: ranges,
            count: visible.len(),
            bias,
            weights: [[[0.0; LANES]; TILES]; ROWS],
            sums: vec![[[0.0; LANES]; ROWS]; dimension / LANES],
            greatest: [f32::NEG_INFINITY; ROWS],
            totals: [[0.0; LANES]; ROWS],
        }
    }

    /// Whether any query sees a token of the page that starts at `start`.
    #[inline(always)]
    pub(super) fn sees(&self, start: usize) -> bool {
        self.visible.iter().any(|&(from, to)| from.max(start) < to.min(start + PAGE))
    }

    /// Whether every query sees every token of the page that starts at `start`.
    #[inline(always)]
    fn sees_whole(&self, start: usize) -> bool {
        self.visible[..self.count].iter().all(|&(from, to)| from <= start && start + PAGE <= to)
    }

    /// Takes a page into account.
    #[inline(always)]
    pub(super) fn add<S: Copy, P: Panel<S>>(&mut self, simd: S, keys: &[P], values: &[P], start: usize) {
        if !self.sees(start) {
            return;
        }
        let end = self.visible.iter().map(|&(_, to)| to).max().unwrap_or(0);
        let count = PAGE.min(end - start);
        if self.sees_whole(start) {
            self.score::<S, P, true>(simd, keys, start);
        } else {
            // What lies beyond the tokens that anybody sees is not even read.
            self.weights = [[[f32::NEG_INFINITY; LANES]; TILES]; ROWS];
            let tiles = count.div_ceil(LANES);
            self.score::<S, P, false>(simd, &keys[..tiles * self.queries.len()], start);
        }
        if let Some(bias) = self.bias {
            self.add_bias(bias, start, count.div_ceil(LANES));
        }
        self.weigh();
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

    /// Fills the weights of some tiles of keys with scores; what a query doesn't see is minus infinity, unless all is
    /// seen (`WHOLE`).
    #[inline(always)]
    fn score<S: Copy, P: Panel<S>, const WHOLE: bool>(&mut self, simd: S, keys: &[P], start: usize) {
        let depth = self.queries.len();
        for (pair, tiles) in keys.chunks(2 * depth).enumerate() {
            let first = start + 2 * pair * LANES;
            let mut scores = [[[0.0; LANES]; ROWS]; 2];
            // Two tiles at a time, so that each value of a query is loaded once for both.
            if let Some((left, right)) = tiles.split_at_checked(depth).filter(|(_, right)| !right.is_empty())
            {
                add_product_of_two(simd, &self.queries, left, right, &mut scores);
                self.keep::<WHOLE>(&scores[1], 2 * pair + 1, first + LANES);
            } else {
                add_product(simd, &self.queries, tiles, &mut scores[0]);
            }
            self.keep::<WHOLE>(&scores[0], 2 * pair, first);
        }
    }

    /// Takes the scores of a tile, whose first token is `first`.
    #[inline(always)]
    fn keep<const WHOLE: bool>(&mut self, scores: &[Lanes; ROWS], tile: usize, first: usize) {
        for_each_row!(R < ROWS => {
            let (from, to) = self.visible[R];
            self.weights[R][tile] = if WHOLE { scores[R] } else { masked(scores[R], from, to, first) };
        });
    }

    /// Adds to the scores of some tiles of the page that starts at `start` what they owe to distance.
    #[inline(always)]
    fn add_bias(&mut self, bias: RelativeBias<'a>, start: usize, tiles: usize) {
        for (row, scores) in self.weights[..self.count].iter_mut().enumerate() {
            for (tile, scores) in scores[..tiles].iter_mut().enumerate() {
                let bias = bias.lanes(row, start + tile * LANES);
                for lane in 0..LANES {
                    scores[lane] += bias[lane];
                }
            }
        }
    }

    /// Turns scores into weights relative to the greatest score so far, and rescales what was summed before.
    #[inline(always)]
    fn weigh(&mut self) {
        for row in 0..ROWS {
            let weights = &mut self.weights[row];
            let mut greatest = weights[0];
            for weights in &weights[1..] {
                greatest = greater_of_each(greatest, weights);
            }
            let greatest = greater(self.greatest[row], &greatest);
            // A query that has seen nothing yet must not compute infinity minus infinity.
            let base = if greatest == f32::NEG_INFINITY { 0.0 } else { greatest };
            if greatest > self.greatest[row] {
                let factor = exp(self.greatest[row] - base);
                for total in &mut self.totals[row] {
                    *total *= factor;
                }
                for sums in &mut self.sums {
                    for sum in &mut sums[row] {
                        *sum *= factor;
                    }
                }
                self.greatest[row] = greatest;
            }
            let mut totals = self.totals[row];
            for weights in weights {
                let mut local = *weights;
                for lane in 0..LANES {
                    local[lane] = exp(local[lane] - base);
                    totals[lane] += local[lane];
                }
                *weights = local;
            }
            self.totals[row] = totals;
        }
    }

    /// Writes the state of the queries, the first of which is the query `first` of `attended`.
    #[inline(always)]
    pub(super) fn write(&self, first: usize, attended: &mut Attended) {
        attended.greatest[first..first + self.count].copy_from_slice(&self.greatest[..self.count]);
        for (out, totals) in attended.totals[first..].iter_mut().zip(&self.totals[..self.count]) {
            *out = total(*totals);
        }
        let dimension = self.queries.len();
        let rows = attended.sums.chunks_exact_mut(dimension).skip(first).take(self.count);
        for (row, out) in rows.enumerate() {
            for (out, sums) in out.as_chunks_mut().0.iter_mut().zip(&self.sums) {
                *out = sums[row];
            }
        }
    }
}

/// The greater of two numbers in each lane; of NaN and a number the number.
#[inline(always)]
fn greater_of_each(mut one: Lanes, two: &Lanes) -> Lanes {
    for lane in 0..LANES {
        one[lane] = if two[lane] > one[lane] { two[lane] } else { one[lane] };
    }
    one
}

/// The scores of the tokens from `from` up to `to`, minus infinity for others; the first lane is the token `first`.
#[inline(always)]
fn masked(mut scores: Lanes, from: usize, to: usize, first: usize) -> Lanes {
    // As numbers that vectors can be compared with.
    let from = from.saturating_sub(first).min(LANES) as u32;
    let to = to.saturating_sub(first).min(LANES) as u32;
    for (lane, score) in (0_u32..).zip(&mut scores) {
        *score = if from <= lane && lane < to { *score } else { f32::NEG_INFINITY };
    }
    scores
}

/// The greatest of some numbers, unless `least` is greater.
#[inline(always)]
fn greater(least: f32, numbers: &Lanes) -> f32 {
    let four: [f32; 4] = fold(&fold::<16, 8>(numbers));
    let greatest = fold::<2, 1>(&fold(&four));
    if greatest[0] > least { greatest[0] } else { least }
}

/// The greater of the first and the second half of some numbers.
#[inline(always)]
fn fold<const ALL: usize, const HALF: usize>(numbers: &[f32; ALL]) -> [f32; HALF] {
    let mut greatest = [0.0; HALF];
    for lane in 0..HALF {
        let (one, two) = (numbers[lane], numbers[lane + HALF]);
        greatest[lane] = if two > one { two } else { one };
    }
    greatest
}
