use std::collections::BTreeMap;

/// How relevant documents are to a question; those that are not named are not.
pub(crate) type Gains = BTreeMap<String, f64>;

/// Normalised discounted cumulative gain (Järvelin and Kekäläinen 2002) with linear gains, of the first `cutoff`.
pub(super) fn ndcg(ranked: &[&str], gains: &Gains, cutoff: usize) -> f64 {
    let discounted = |gains: &mut dyn Iterator<Item = f64>| {
        gains.take(cutoff).zip(2_u32..).map(|(gain, rank)| gain / f64::from(rank).log2()).sum::<f64>()
    };
    let mut best: Vec<f64> = gains.values().copied().collect();
    best.sort_by(|a, b| b.total_cmp(a));
    let found = discounted(&mut ranked.iter().map(|id| gains.get(*id).copied().unwrap_or_default()));
    found / discounted(&mut best.into_iter())
}

/// The share of the relevant documents that are among the first `cutoff`, of which none is named twice.
pub(super) fn recall(ranked: &[&str], gains: &Gains, cutoff: usize) -> f64 {
    let found = ranked.iter().take(cutoff).filter(|id| gains.contains_key(**id)).count();
    found as f64 / gains.len() as f64
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_best_order_has_ndcg_one_and_a_later_rank_counts_less() {
        let gains = BTreeMap::from([("a".to_owned(), 2.0), ("b".to_owned(), 1.0)]);

        assert!((ndcg(&["a", "b", "c"], &gains, 10) - 1.0).abs() < 1e-12);
        let expected = (1.0 / 3_f64.log2() + 2.0 / 4_f64.log2()) / (2.0 + 1.0 / 3_f64.log2());
        assert!((ndcg(&["c", "b", "a"], &gains, 10) - expected).abs() < 1e-12);
        assert!(ndcg(&["c"], &gains, 10).abs() < 1e-12);
    }

    #[test]
    fn recall_counts_relevant_documents_up_to_the_cutoff() {
        let gains = BTreeMap::from([("a".to_owned(), 4.0), ("b".to_owned(), 1.0)]);

        assert!((recall(&["c", "b", "a"], &gains, 2) - 0.5).abs() < 1e-12);
        assert!((recall(&["c", "b", "a"], &gains, 3) - 1.0).abs() < 1e-12);
        assert!(recall(&[], &gains, 100).abs() < 1e-12);
    }
}
