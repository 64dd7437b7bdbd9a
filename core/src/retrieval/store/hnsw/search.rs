use super::HnswOptions;
use super::graph::Graph;
use crate::retrieval::store::Nearest;
use crate::retrieval::store::rows::{Rows, Target};

/// How many of the rows that a graph found are scored, at least, and for each that is wanted: codes order near rows
/// nearly as their scores do.
const SCORED: usize = 32;
const SCORED_EACH: usize = 3;

/// How many rows a scan bounds in the time in which a search in the graph takes one candidate further.
pub(super) const ROWS_A_CANDIDATE: usize = 32;

/// Whether a scan of the `matching` ones of `slots` rows takes less time than a search for them in the graph, which
/// goes through `slots / matching` times as many candidates as one for any row.
pub(super) fn is_selective(matching: usize, ef: usize, slots: usize) -> bool {
    matching.saturating_mul(matching) <= ROWS_A_CANDIDATE.saturating_mul(ef).saturating_mul(slots)
}

/// A search among the rows that a graph covers.
pub(super) struct GraphSearch<'a> {
    pub(super) rows: &'a Rows,
    pub(super) graph: &'a Graph,
    pub(super) target: &'a Target,
    /// How many live rows match, whether the graph covers them or not.
    pub(super) matching: usize,
    /// How many are wanted; not more than match.
    pub(super) k: usize,
    pub(super) options: &'a HnswOptions,
}

impl GraphSearch<'_> {
    /// Offers the nearest live rows that match to `nearest`, going through more and more candidates until they are
    /// enough; false when a scan takes less time, and nothing was offered then.
    pub(super) fn run(&self, is_match: impl Fn(u32) -> bool, nearest: &mut Nearest) -> bool {
        let slots = self.graph.slots();
        let wanted = (SCORED_EACH * self.k).max(SCORED);
        let ef = self.options.ef.max(2 * self.k);
        let mut width = ef.saturating_mul(slots.max(1)) / self.matching.max(1);
        while ROWS_A_CANDIDATE.saturating_mul(width) < slots {
            let found = self.graph.near(self.rows.codes(), &self.target.codes, width);
            let matching = found.iter().copied();
            let matching = matching.filter(|slot| self.rows.is_live(*slot as usize) && is_match(*slot));
            let best: Vec<u32> = matching.take(wanted).collect();
            if best.len() >= self.k {
                let mut scores = vec![0.0; best.len()];
                self.rows.score(self.target, &best, &mut scores);
                for (slot, score) in best.iter().zip(scores) {
                    nearest.offer(self.rows.id(*slot as usize), score);
                }
                return true;
            }
            width *= 2;
        }
        false
    }
}
