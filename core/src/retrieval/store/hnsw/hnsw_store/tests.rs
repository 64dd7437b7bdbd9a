use std::collections::HashSet;

use super::*;
use crate::retrieval::store::samples::clustered;

fn store(dimensions: usize, metric: Metric, rebuild_after: usize) -> HnswStore {
    let options = HnswOptions { rebuild_after, ..HnswOptions::default() };
    HnswStore::new(dimensions, metric, options).expect("the options are sound")
}

fn ids(found: &[Neighbour]) -> Vec<u64> {
    found.iter().map(|neighbour| neighbour.id).collect()
}

/// The share of the exact ten nearest that the store finds.
fn recall(store: &HnswStore, exact: &FlatStore, queries: &[VectorRow]) -> f64 {
    let mut hits = 0;
    for query in queries {
        let expected: HashSet<u64> =
            ids(&exact.nearest(&query.vector, 10).expect("sound")).into_iter().collect();
        let found = ids(&store.nearest(&query.vector, 10).expect("sound"));
        hits += found.iter().filter(|id| expected.contains(id)).count();
    }
    hits as f64 / (10 * queries.len()) as f64
}

#[tokio::test]
async fn the_graph_finds_nearly_all_of_the_nearest_with_each_metric() {
    let rows = clustered(10_500, 24, 3);
    let queries = clustered(200, 24, 4);
    for (metric, count) in [(Metric::Cosine, 10_500), (Metric::Dot, 2_500), (Metric::L2, 2_500)] {
        let (store, exact) = (store(24, metric, usize::MAX), FlatStore::new(24, metric));
        store.put(&rows[..count]).expect("the rows are sound");
        exact.put(&rows[..count]).expect("the rows are sound");
        store.rebuild().await.expect("it can be built");

        let recall = recall(&store, &exact, &queries);

        assert_eq!(store.rows_in_graph(), count);
        assert!(recall >= 0.95, "{metric:?}: recall is {recall}");
    }
}

#[tokio::test]
async fn recall_stays_after_half_of_the_rows_changed() {
    let (first, second) = (clustered(6_000, 16, 5), clustered(6_000, 16, 6));
    let (store, exact) = (store(16, Metric::Cosine, 1_000), FlatStore::new(16, Metric::Cosine));
    store.put(&first).expect("sound");
    exact.put(&first).expect("sound");
    store.rebuild().await.expect("it can be built");

    for batch in second[..3_000].chunks(100) {
        store.put(batch).expect("sound");
        exact.put(batch).expect("sound");
        let gone: Vec<u64> = batch.iter().map(|row| row.id + 3_000).take(50).collect();
        store.remove(&gone);
        exact.remove(&gone);
    }

    let recall = recall(&store, &exact, &clustered(200, 16, 7));
    assert!(recall >= 0.95, "recall is {recall}");
    assert_eq!(store.len(), exact.len());
}

#[tokio::test]
async fn new_rows_are_found_at_once_and_removed_ones_never() {
    let rows = clustered(2_000, 8, 8);
    let store = store(8, Metric::Cosine, usize::MAX);
    store.put(&rows).expect("sound");
    store.rebuild().await.expect("it can be built");
    let query = &rows[77].vector;

    store.put(&[VectorRow { id: 9_999, vector: query.clone() }]).expect("sound");
    assert_eq!(ids(&store.nearest(query, 2).expect("sound")), [77, 9_999]);

    store.remove(&[77]);
    assert_eq!(ids(&store.nearest(query, 1).expect("sound")), [9_999]);

    store.rebuild().await.expect("it can be built");
    assert_eq!(ids(&store.nearest(query, 1).expect("sound")), [9_999]);
    assert_eq!(store.rows_in_graph(), 2_000);
}

#[tokio::test]
async fn as_many_rows_are_found_as_are_left_when_most_are_removed() {
    let rows = clustered(2_000, 8, 9);
    let store = store(8, Metric::L2, usize::MAX);
    store.put(&rows).expect("sound");
    store.rebuild().await.expect("it can be built");

    store.remove(&(10..2_000).collect::<Vec<_>>());

    assert_eq!(store.nearest(&rows[1_500].vector, 20).expect("sound").len(), 10);
}

#[tokio::test]
async fn many_equal_vectors_are_all_found() {
    let mut rows = clustered(1_000, 8, 10);
    for row in &mut rows[..500] {
        row.vector = vec![1.0; 8];
    }
    let store = store(8, Metric::Cosine, usize::MAX);
    store.put(&rows).expect("sound");
    store.rebuild().await.expect("it can be built");

    let found = ids(&store.nearest(&[1.0; 8], 500).expect("sound"));

    assert_eq!(found, (0..500).collect::<Vec<_>>());
}

#[tokio::test]
async fn the_same_rows_give_the_same_results_in_another_store() {
    let rows = clustered(3_000, 8, 11);
    let (one, other) = (store(8, Metric::Cosine, usize::MAX), store(8, Metric::Cosine, usize::MAX));
    one.put(&rows).expect("sound");
    for batch in rows.chunks(700).rev() {
        other.put(batch).expect("sound");
    }
    one.rebuild().await.expect("it can be built");
    other.rebuild().await.expect("it can be built");

    for query in clustered(50, 8, 12) {
        let expected = one.nearest(&query.vector, 10).expect("sound");
        assert_eq!(other.nearest(&query.vector, 10).expect("sound"), expected);
    }
}

#[tokio::test]
async fn the_graph_is_built_in_the_background_while_searches_go_on() {
    let rows = clustered(3_000, 8, 13);
    let store = store(8, Metric::Cosine, 500);
    for batch in rows.chunks(250) {
        store.put(batch).expect("sound");
        assert_eq!(ids(&store.nearest(&batch[0].vector, 1).expect("sound")), [batch[0].id]);
    }

    store.shared.wait_until_built();

    assert!(store.rows_in_graph() >= 2_500, "only {} rows are in the graph", store.rows_in_graph());
}

#[test]
fn dropping_the_store_stops_a_rebuild() {
    let store = store(64, Metric::Cosine, 1);
    store.put(&clustered(20_000, 64, 14)).expect("sound");
    let shared = Arc::clone(&store.shared);

    drop(store);
    shared.wait_until_built();

    assert_eq!(shared.read().live_in_graph(), 0);
}

#[test]
fn extreme_vectors_do_not_end_in_a_panic() {
    for metric in [Metric::Cosine, Metric::Dot, Metric::L2] {
        let store = store(3, metric, usize::MAX);
        let mut rows = clustered(300, 3, 15);
        for (row, extreme) in rows.iter_mut().zip([f32::MAX, f32::MIN, 0.0, f32::MIN_POSITIVE]) {
            row.vector = vec![extreme; 3];
        }
        store.put(&rows).expect("sound");
        store.start_rebuild().expect("a thread can be started");
        store.shared.wait_until_built();

        assert_eq!(store.rows_in_graph(), 300, "{metric:?}");
        assert_eq!(store.nearest(&[f32::MAX; 3], 10).expect("sound").len(), 10);
    }
}

#[test]
fn options_out_of_range_are_refused() {
    for options in [
        HnswOptions { m: 1, ..HnswOptions::default() },
        HnswOptions { m: 300, ..HnswOptions::default() },
        HnswOptions { ef: 0, ..HnswOptions::default() },
    ] {
        let error = HnswStore::new(3, Metric::Cosine, options).expect_err("the options are wrong");
        assert_eq!(error.kind(), crate::ErrorKind::Invalid);
    }
}
