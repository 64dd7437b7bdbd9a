use super::*;
use crate::retrieval::store::samples::clustered;

/// Every score by the formula, sorted whole.
fn naive(rows: &[VectorRow], query: &[f32], k: usize, metric: Metric) -> Vec<u64> {
    let wide = |vector: &[f32]| vector.iter().map(|value| f64::from(*value)).collect::<Vec<_>>();
    let dot = |a: &[f64], b: &[f64]| a.iter().zip(b).map(|(a, b)| a * b).sum::<f64>();
    let query = wide(query);
    let score = |row: &VectorRow| {
        let vector = wide(&row.vector);
        match metric {
            Metric::Cosine => dot(&vector, &query) / (dot(&vector, &vector) * dot(&query, &query)).sqrt(),
            Metric::Dot => dot(&vector, &query),
            Metric::L2 => -vector.iter().zip(&query).map(|(a, b)| (a - b).powi(2)).sum::<f64>().sqrt(),
        }
    };
    let mut scored: Vec<(f64, u64)> = rows.iter().map(|row| (score(row), row.id)).collect();
    scored.sort_by(|a, b| b.0.total_cmp(&a.0).then(a.1.cmp(&b.1)));
    scored.into_iter().take(k).map(|(_, id)| id).collect()
}

#[test]
fn results_equal_those_of_sorting_all_scores() {
    let rows = clustered(2_000, 19, 1);
    let queries = clustered(30, 19, 2);
    for metric in [Metric::Cosine, Metric::Dot, Metric::L2] {
        let store = FlatStore::new(19, metric);
        store.put(&rows).expect("the rows are sound");

        for query in &queries {
            let found = store.nearest(&query.vector, 10, None).expect("the query is sound");

            let ids: Vec<u64> = found.iter().map(|neighbour| neighbour.id).collect();
            assert_eq!(ids, naive(&rows, &query.vector, 10, metric), "{metric:?}");
        }
    }
}

#[test]
fn replaced_rows_do_not_pile_up() {
    let store = FlatStore::new(4, Metric::Cosine);
    for seed in 0..100 {
        store.put(&clustered(50, 4, seed)).expect("the rows are sound");
    }

    assert_eq!(store.len(), 50);
    assert!(store.read().rows.slots() < 1_200, "{} slots", store.read().rows.slots());
}
