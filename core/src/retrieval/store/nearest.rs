use std::cmp::Ordering;
use std::collections::BinaryHeap;

use crate::retrieval::Neighbour;

/// The `k` best of the ids that are offered: highest score first, ties by ascending id.
///
/// The order is total, so the result does not depend on the order of the offers.
#[derive(Debug)]
pub(in crate::retrieval) struct Nearest {
    k: usize,
    worst_first: BinaryHeap<Ranked>,
}

/// An id with its score; the greatest is the one that comes last in a result.
#[derive(Debug, Clone, Copy)]
pub(in crate::retrieval) struct Ranked {
    pub(in crate::retrieval) id: u64,
    pub(in crate::retrieval) score: f32,
}

impl Nearest {
    pub(in crate::retrieval) fn new(k: usize) -> Self {
        Self { k, worst_first: BinaryHeap::new() }
    }

    pub(in crate::retrieval) fn offer(&mut self, id: u64, score: f32) {
        let ranked = Ranked { id, score };
        if self.worst_first.len() < self.k {
            self.worst_first.push(ranked);
        } else if let Some(mut worst) = self.worst_first.peek_mut()
            && ranked < *worst
        {
            *worst = ranked;
        }
    }

    pub(in crate::retrieval) fn k(&self) -> usize {
        self.k
    }

    /// The score that a new one must reach to be kept: that of the last while there are `k`.
    pub(in crate::retrieval) fn least(&self) -> f32 {
        match self.worst_first.peek() {
            Some(worst) if self.worst_first.len() == self.k => worst.score,
            _ => f32::NEG_INFINITY,
        }
    }

    pub(in crate::retrieval) fn into_neighbours(self) -> Vec<Neighbour> {
        self.into_sorted()
            .into_iter()
            .map(|ranked| Neighbour { id: ranked.id, score: ranked.score })
            .collect()
    }

    pub(in crate::retrieval) fn into_sorted(self) -> Vec<Ranked> {
        self.worst_first.into_sorted_vec()
    }
}

impl Ord for Ranked {
    fn cmp(&self, other: &Self) -> Ordering {
        other.score.total_cmp(&self.score).then(self.id.cmp(&other.id))
    }
}

impl PartialOrd for Ranked {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl PartialEq for Ranked {
    fn eq(&self, other: &Self) -> bool {
        self.cmp(other) == Ordering::Equal
    }
}

impl Eq for Ranked {}

#[cfg(test)]
mod tests {
    use super::*;

    fn best(k: usize, offers: &[(u64, f32)]) -> Vec<u64> {
        let mut nearest = Nearest::new(k);
        for (id, score) in offers {
            nearest.offer(*id, *score);
        }
        nearest.into_sorted().iter().map(|ranked| ranked.id).collect()
    }

    #[test]
    fn the_best_come_first_and_ties_by_id() {
        assert_eq!(best(3, &[(7, 0.5), (1, 0.1), (2, 0.5), (9, 0.9)]), [9, 2, 7]);
        assert_eq!(best(3, &[(9, 0.9), (2, 0.5), (1, 0.1), (7, 0.5)]), [9, 2, 7]);
    }

    #[test]
    fn none_are_kept_for_zero() {
        assert!(best(0, &[(1, 1.0)]).is_empty());
    }
}
