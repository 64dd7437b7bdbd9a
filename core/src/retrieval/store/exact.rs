use std::ops::Range;

use rushlight_kernels::for_each;

use super::Nearest;
use super::rows::{Rows, Target};

/// Rows that are bounded at once: their bounds stay in the first-level cache.
const BLOCK: usize = 256;

/// Rows that are scored at once.
const SCORED: usize = 8;

/// Values from which on a scan is shared among threads; below, waking them takes a good part of the scan itself.
const LARGE: usize = 4 << 20;

/// Values that a search may compare on a thread of its caller, which has other work: a fraction of a millisecond.
pub(super) const SHORT: usize = LARGE;

/// The nearest of some rows, without a miss: codes bound how near each row can be, and the rows that can be among
/// the `k` nearest are scored.
///
/// A row is passed over only if `k` others are certainly nearer.
#[derive(Debug)]
pub(super) struct ExactSearch<'a> {
    rows: &'a Rows,
    target: &'a Target,
    /// The `k` rows that are certainly the nearest so far: how near each is at least, by slot.
    certain: Nearest,
    candidates: Vec<Candidate>,
}

/// A row that may be among the nearest.
#[derive(Debug, Clone, Copy)]
struct Candidate {
    /// How near it is at most.
    bound: f32,
    slot: u32,
}

impl<'a> ExactSearch<'a> {
    pub(super) fn new(rows: &'a Rows, target: &'a Target, k: usize) -> Self {
        Self { rows, target, certain: Nearest::new(k), candidates: Vec::new() }
    }

    /// Takes in the live rows of `slots`, on several threads if they are many.
    pub(super) fn scan(&mut self, slots: Range<usize>) {
        let values = slots.len() * self.rows.vector_len();
        if values < LARGE {
            return self.scan_alone(slots);
        }
        let step = (LARGE / 4 / self.rows.vector_len().max(1)).next_multiple_of(BLOCK);
        let mut parts: Vec<(Range<usize>, Self)> = slots
            .clone()
            .step_by(step)
            .map(|first| (first..slots.end.min(first + step), self.part()))
            .collect();
        for_each(parts.iter_mut().collect(), |(slots, part)| part.scan_alone(slots.clone()));
        for (_, part) in parts {
            for certain in part.certain.into_sorted() {
                self.certain.offer(certain.id, certain.score);
            }
            self.candidates.extend(part.candidates);
        }
    }

    /// Takes in the live ones of these slots.
    pub(super) fn scan_listed(&mut self, slots: &[u32]) {
        let mut bounds = [0.0; BLOCK];
        for slots in slots.chunks(BLOCK) {
            let bounds = &mut bounds[..slots.len()];
            let threshold = self.certain.least();
            if self.rows.codes().bound_listed(&self.target.codes, slots, threshold, bounds) {
                for (slot, bound) in slots.iter().zip(bounds) {
                    self.consider(*slot, *bound);
                }
            }
        }
    }

    /// Scores the rows that may be among the nearest, nearest first, until the rest cannot be, and offers them to
    /// `nearest`, which may hold others.
    pub(super) fn finish(mut self, nearest: &mut Nearest) {
        let threshold = self.certain.least();
        self.candidates.retain(|candidate| candidate.bound >= threshold);
        self.candidates.sort_unstable_by(|a, b| b.bound.total_cmp(&a.bound).then(a.slot.cmp(&b.slot)));
        let (mut slots, mut scores) = ([0; SCORED], [0.0; SCORED]);
        for candidates in self.candidates.chunks(SCORED) {
            let least = nearest.least();
            if least > f32::NEG_INFINITY && candidates[0].bound < self.rows.nearness_of(least, self.target) {
                break;
            }
            let (slots, scores) = (&mut slots[..candidates.len()], &mut scores[..candidates.len()]);
            for (slot, candidate) in slots.iter_mut().zip(candidates) {
                *slot = candidate.slot;
            }
            self.rows.score(self.target, slots, scores);
            for (slot, score) in slots.iter().zip(scores) {
                nearest.offer(self.rows.id(*slot as usize), *score);
            }
        }
    }

    fn part(&self) -> Self {
        Self::new(self.rows, self.target, self.certain.k())
    }

    fn scan_alone(&mut self, slots: Range<usize>) {
        let mut bounds = [0.0; BLOCK];
        for first in slots.clone().step_by(BLOCK) {
            let bounds = &mut bounds[..BLOCK.min(slots.end - first)];
            let threshold = self.certain.least();
            if self.rows.codes().bound(&self.target.codes, first, threshold, bounds) {
                for (slot, bound) in (first..).zip(bounds) {
                    self.consider(slot as u32, *bound);
                }
            }
        }
    }

    fn consider(&mut self, slot: u32, bound: f32) {
        if bound >= self.certain.least() && self.rows.is_live(slot as usize) {
            let least = bound - self.rows.codes().spread(&self.target.codes, slot as usize);
            self.certain.offer(u64::from(slot), if least.is_nan() { f32::NEG_INFINITY } else { least });
            self.candidates.push(Candidate { bound, slot });
        }
    }
}
