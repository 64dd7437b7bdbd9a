use std::collections::HashSet;

use crate::engine::retrieval::Reply;

/// The share of the exact neighbours that searches for `k` found, over all queries. `exact` may name more than `k` rows
/// where several are equally near.
pub(super) fn recall(found: &[Vec<u64>], exact: &[Vec<u64>], k: usize) -> f64 {
    let shares = found.iter().zip(exact).map(|(found, exact)| {
        let accepted: HashSet<u64> = exact.iter().copied().collect();
        let expected = k.min(accepted.len());
        let found: HashSet<u64> = found.iter().copied().filter(|id| accepted.contains(id)).collect();
        if expected == 0 { 1.0 } else { found.len().min(expected) as f64 / expected as f64 }
    });
    shares.sum::<f64>() / exact.len().max(1) as f64
}

/// Queries in a second, of those that were made one after the other.
pub(super) fn queries_per_second(reply: &Reply) -> f64 {
    reply.times.len() as f64 / reply.times.iter().sum::<f64>()
}

/// The time that 95 of 100 queries kept (nearest rank).
pub(super) fn p95(reply: &Reply) -> f64 {
    let mut times = reply.times.clone();
    times.sort_by(f64::total_cmp);
    let rank = (times.len() * 95).div_ceil(100);
    rank.checked_sub(1).map_or(f64::NAN, |index| times[index])
}

/// The least cosine of two lists of unit vectors, pair by pair.
pub(super) fn least_cosine(left: &[Vec<f32>], right: &[Vec<f32>]) -> f64 {
    let cosine = |(left, right): (&Vec<f32>, &Vec<f32>)| {
        let dot = |a: &[f32], b: &[f32]| -> f64 {
            a.iter().zip(b).map(|(a, b)| f64::from(*a) * f64::from(*b)).sum()
        };
        dot(left, right) / (dot(left, left) * dot(right, right)).sqrt()
    };
    left.iter().zip(right).map(cosine).fold(f64::INFINITY, f64::min)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn times(times: &[f64]) -> Reply {
        Reply { times: times.to_vec(), ..Reply::default() }
    }

    #[test]
    fn recall_counts_each_exact_neighbour_once_and_any_of_equal_ones() {
        let close = |left: f64, right: f64| assert!((left - right).abs() < 1e-12, "{left} {right}");

        close(recall(&[vec![1, 2]], &[vec![2, 3]], 2), 0.5);
        close(recall(&[vec![1, 1]], &[vec![1, 2]], 2), 0.5);
        close(recall(&[vec![1, 9]], &[vec![1, 8, 9]], 2), 1.0);
        close(recall(&[vec![1], vec![]], &[vec![1], vec![2]], 10), 0.5);
        close(recall(&[vec![]], &[vec![]], 10), 1.0);
        // A query without an answer found nothing.
        close(recall(&[], &[vec![1]], 10), 0.0);
    }

    #[test]
    fn speed_is_over_all_queries_and_the_percentile_by_nearest_rank() {
        let hundred: Vec<f64> = (1..=100).rev().map(f64::from).collect();

        assert!((queries_per_second(&times(&[0.5, 1.5])) - 1.0).abs() < 1e-12);
        assert!((p95(&times(&hundred)) - 95.0).abs() < 1e-12);
        assert!((p95(&times(&[7.0])) - 7.0).abs() < 1e-12);
        assert!(p95(&times(&[])).is_nan());
    }

    #[test]
    fn the_least_cosine_is_that_of_the_worst_pair() {
        let left = [vec![1.0, 0.0], vec![2.0, 0.0]];
        let right = [vec![1.0, 0.0], vec![1.0, 1.0]];

        assert!((least_cosine(&left, &right) - 0.5_f64.sqrt()).abs() < 1e-7);
    }
}
