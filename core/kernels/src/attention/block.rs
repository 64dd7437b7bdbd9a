use std::ops::Range;

use super::Attended;
use super::page::PAGE;
use crate::panel::{LANES, Lanes, add_product, interleave};
use crate::vector::exponential::exp;

/// The state of up to `ROWS` queries.
#[derive(Debug)]
pub(super) struct Block<const ROWS: usize> {
    /// `[dimension]`
    queries: Vec<[f32; ROWS]>,
    /// The tokens that each query sees; nothing for the rows that fill up the block.
    visible: [(usize, usize); ROWS],
    count: usize,
    scale: f32,
    /// Scores, then weights.
    weights: [[f32; ROWS]; PAGE],
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
            weights: [[0.0; ROWS]; PAGE],
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
    pub(super) fn add(&mut self, keys: &[Lanes], values: &[Lanes], start: usize) {
        if !self.sees(start) {
            return;
        }
        let end = self.visible.iter().map(|&(_, to)| to).max().unwrap_or(0);
        let count = PAGE.min(end - start);
        self.score(keys, start, count);
        self.weigh(count);
        let columns = self.sums.len();
        for (column, sums) in self.sums.iter_mut().enumerate() {
            add_product(&self.weights[..count], values[column..].iter().step_by(columns), sums);
        }
    }

    /// Fills the first `count` weights with scores; what a query doesn't see is minus infinity.
    #[inline(always)]
    fn score(&mut self, keys: &[Lanes], start: usize, count: usize) {
        let tiles = keys.chunks_exact(self.queries.len());
        for ((tile, weights), token) in
            tiles.zip(self.weights[..count].chunks_mut(LANES)).zip((start..).step_by(LANES))
        {
            let mut scores = [[0.0; LANES]; ROWS];
            add_product(&self.queries, tile.iter(), &mut scores);
            for (weights, token) in weights.iter_mut().zip(token..) {
                for ((weight, scores), &(from, to)) in weights.iter_mut().zip(&scores).zip(&self.visible) {
                    let score = scores[token % LANES] * self.scale;
                    *weight = if from <= token && token < to { score } else { f32::NEG_INFINITY };
                }
            }
        }
    }

    /// Turns scores into weights relative to the greatest score so far, and rescales what was summed before.
    #[inline(always)]
    fn weigh(&mut self, count: usize) {
        let mut greatest = self.greatest;
        for weights in &self.weights[..count] {
            for (greatest, weight) in greatest.iter_mut().zip(weights) {
                *greatest = if *weight > *greatest { *weight } else { *greatest };
            }
        }
        // A query that has seen nothing yet must not compute infinity minus infinity.
        let base = greatest.map(|greatest| if greatest == f32::NEG_INFINITY { 0.0 } else { greatest });
        let mut totals = [0.0; ROWS];
        for weights in &mut self.weights[..count] {
            for ((weight, base), total) in weights.iter_mut().zip(&base).zip(&mut totals) {
                *weight = exp(*weight - base);
                *total += *weight;
            }
        }
        for row in 0..ROWS {
            let factor = exp(self.greatest[row] - base[row]);
            self.totals[row] = self.totals[row] * factor + totals[row];
            for sums in &mut self.sums {
                sums[row] = sums[row].map(|sum| sum * factor);
            }
        }
        self.greatest = greatest;
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
