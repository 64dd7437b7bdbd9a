//! What stores on a server have in common.

use std::collections::BTreeMap;

use super::{Metric, Nearest};
use crate::Result;
use crate::retrieval::{Neighbour, VectorRow};

/// The rows in the form in which they are compared, by ascending id, the last of each; all of them are checked first.
pub(super) fn prepared(dimensions: usize, metric: Metric, rows: Vec<VectorRow>) -> Result<Vec<VectorRow>> {
    rows.iter().try_for_each(|row| Metric::check(dimensions, &row.vector))?;
    let last: BTreeMap<u64, VectorRow> = rows.into_iter().map(|row| (row.id, row)).collect();
    Ok(last.into_values().map(|row| VectorRow { vector: metric.prepare(&row.vector), ..row }).collect())
}

/// The `k` nearest of the rows that a server gave when it was asked for `limit`, which is more than `k`; nothing
/// if it may know more rows that are as near as the last of them.
///
/// A server gives rows of equal scores in an order of its own, and any of them where not all are asked for.
pub(super) fn settled(found: &[Neighbour], k: usize, limit: usize) -> Option<Vec<Neighbour>> {
    let mut nearest = Nearest::new(k);
    for neighbour in found {
        nearest.offer(neighbour.id, neighbour.score);
    }
    let least = found.iter().map(|neighbour| neighbour.score).min_by(f32::total_cmp);
    let is_open = found.len() >= limit && least.is_some_and(|least| least >= nearest.least());
    (!is_open).then(|| nearest.into_neighbours())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn neighbours(scores: &[(u64, f32)]) -> Vec<Neighbour> {
        scores.iter().map(|(id, score)| Neighbour { id: *id, score: *score }).collect()
    }

    #[test]
    fn rows_as_near_as_the_last_are_asked_for() {
        let found = neighbours(&[(9, 0.5), (4, 0.5), (7, 0.5)]);

        assert_eq!(settled(&found, 2, 3), None);
        assert_eq!(settled(&found, 2, 4), Some(neighbours(&[(4, 0.5), (7, 0.5)])));
    }

    #[test]
    fn rows_beyond_the_last_settle_which_it_is() {
        let found = neighbours(&[(9, 0.9), (7, 0.5), (4, 0.5), (1, 0.1)]);

        assert_eq!(settled(&found, 3, 4), Some(neighbours(&[(9, 0.9), (4, 0.5), (7, 0.5)])));
    }

    #[test]
    fn the_last_of_equal_ids_is_kept() {
        let row = |id, value| VectorRow::new(id, vec![value]);
        let rows = vec![row(2, 2.0), row(1, 1.0), row(2, 3.0)];

        let kept = prepared(1, Metric::Dot, rows).expect("the rows are sound");

        assert_eq!(kept, [row(1, 1.0), row(2, 3.0)]);
    }
}
