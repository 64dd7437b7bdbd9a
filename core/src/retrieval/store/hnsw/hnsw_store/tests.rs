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
fn recall(store: &HnswStore, exact: &FlatStore, queries: &[VectorRow], only: Option<&IdSet>) -> f64 {
    let mut hits = 0;
    for query in queries {
        let expected: HashSet<u64> =
            ids(&exact.nearest(&query.vector, 10, only).expect("sound")).into_iter().collect();
        let found = ids(&store.nearest(&query.vector, 10, only).expect("sound"));
        assert_eq!(found.len(), 10);
        hits += found.iter().filter(|id| expected.contains(id)).count();
    }
    hits as f64 / (10 * queries.len()) as f64
}

#[tokio::test]
async fn the_graph_finds_nearly_all_of_the_nearest_with_each_metric() {
    let rows = clustered(10_500, 24, 3);
    let queries = clustered(200, 24, 4);
    for (metric, count) in [(Metric::Cosine, 10_500), (Metric::Dot, 4_000), (Metric::L2, 4_000)] {
        let (store, exact) = (store(24, metric, usize::MAX), FlatStore::new(24, metric));
        store.put(&rows[..count]).expect("the rows are sound");
        exact.put(&rows[..count]).expect("the rows are sound");
        store.rebuild().await.expect("it can be built");

        let recall = recall(&store, &exact, &queries, None);

        assert_eq!(store.rows_in_graph(), count);
        assert!(recall >= 0.95, "{metric:?}: recall is {recall}");
    }
}

#[tokio::test]
async fn a_handle_that_considers_more_finds_more_in_the_same_graph() {
    let (rows, queries) = (clustered(4_000, 24, 13), clustered(100, 24, 14));
    let (hasty, exact) = (store(24, Metric::Cosine, usize::MAX), FlatStore::new(24, Metric::Cosine));
    hasty.put(&rows).expect("the rows are sound");
    exact.put(&rows).expect("the rows are sound");
    hasty.rebuild().await.expect("it can be built");

    let [hasty, thorough] = [10, 100].map(|ef| hasty.with_ef(ef).expect("it is above 0"));

    assert_eq!(thorough.rows_in_graph(), 4_000);
    assert!(recall(&hasty, &exact, &queries, None) < recall(&thorough, &exact, &queries, None));
    assert!(hasty.with_ef(0).is_err());
}

#[tokio::test]
async fn recall_stays_after_half_of_the_rows_changed() {
    let (first, second) = (clustered(6_000, 16, 5), clustered(6_000, 16, 6));
    let dir = tempfile::tempdir().expect("a temporary directory");
    let store = HnswStore::open(dir.path().join("file"), 16, Metric::Cosine, HnswOptions::default());
    let (store, exact) = (store.expect("a new store"), FlatStore::new(16, Metric::Cosine));
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

    let queries = clustered(200, 16, 7);
    let before = recall(&store, &exact, &queries, None);
    store.rebuild().await.expect("it can be built");
    let after = recall(&store, &exact, &queries, None);
    assert!(before >= 0.95 && after >= 0.95, "recall is {before} before a rebuild and {after} after it");
    assert_eq!(store.len(), exact.len());
}

#[tokio::test]
async fn a_filter_costs_no_recall_whatever_it_leaves() {
    let rows = clustered(6_000, 16, 16);
    let store = HnswStore::new(16, Metric::Cosine, HnswOptions::default().ef(48).rebuild_after(usize::MAX));
    let (store, exact) = (store.expect("the options are sound"), FlatStore::new(16, Metric::Cosine));
    store.put(&rows[..5_500]).expect("sound");
    store.rebuild().await.expect("it can be built");
    store.put(&rows[5_500..]).expect("sound");
    exact.put(&rows).expect("sound");
    let removed: Vec<u64> = (0..1_000).map(|at| at * 3).collect();
    store.remove(&removed);
    exact.remove(&removed);

    for (percent, least) in [(1, 1.0), (10, 1.0), (70, 0.95), (95, 0.95)] {
        let only: IdSet = rows.iter().map(|row| row.id).filter(|id| id % 100 < percent).collect();

        let recall = recall(&store, &exact, &clustered(100, 16, 17), Some(&only));

        assert!(recall >= least, "recall is {recall} where {percent} % match");
    }
}

#[tokio::test]
async fn new_rows_are_found_at_once_and_removed_ones_never() {
    let rows = clustered(2_000, 8, 8);
    let store = store(8, Metric::Cosine, usize::MAX);
    store.put(&rows).expect("sound");
    store.rebuild().await.expect("it can be built");
    let query = &rows[77].vector;

    store.put(&[VectorRow::new(9_999, query.clone())]).expect("sound");
    assert_eq!(ids(&store.nearest(query, 2, None).expect("sound")), [77, 9_999]);

    store.remove(&[77]);
    assert_eq!(ids(&store.nearest(query, 1, None).expect("sound")), [9_999]);

    store.rebuild().await.expect("it can be built");
    assert_eq!(ids(&store.nearest(query, 1, None).expect("sound")), [9_999]);
    assert_eq!(store.rows_in_graph(), 2_000);
}

#[tokio::test]
async fn as_many_rows_are_found_as_are_left_when_most_are_removed() {
    let rows = clustered(2_000, 8, 9);
    let store = store(8, Metric::L2, usize::MAX);
    store.put(&rows).expect("sound");
    store.rebuild().await.expect("it can be built");

    store.remove(&(10..2_000).collect::<Vec<_>>());

    assert_eq!(store.nearest(&rows[1_500].vector, 20, None).expect("sound").len(), 10);
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

    let found = ids(&store.nearest(&[1.0; 8], 500, None).expect("sound"));

    assert_eq!(found, (0..500).collect::<Vec<_>>());
}

#[tokio::test]
async fn the_same_rows_give_the_same_results_in_another_store() {
    let rows = clustered(4_000, 8, 11);
    let (one, other) = (store(8, Metric::Cosine, usize::MAX), store(8, Metric::Cosine, usize::MAX));
    one.put(&rows).expect("sound");
    for batch in rows.chunks(700).rev() {
        other.put(batch).expect("sound");
    }
    one.rebuild().await.expect("it can be built");
    other.rebuild().await.expect("it can be built");

    for query in clustered(50, 8, 12) {
        let expected = one.nearest(&query.vector, 10, None).expect("sound");
        assert_eq!(other.nearest(&query.vector, 10, None).expect("sound"), expected);
    }
}

#[tokio::test]
async fn the_graph_is_built_in_the_background_while_searches_go_on() {
    let rows = clustered(3_000, 8, 13);
    let store = store(8, Metric::Cosine, 500);
    for batch in rows.chunks(250) {
        store.put(batch).expect("sound");
        assert_eq!(ids(&store.nearest(&batch[0].vector, 1, None).expect("sound")), [batch[0].id]);
    }

    drop(store.shared.wait_until_built());

    assert!(store.rows_in_graph() >= 2_500, "only {} rows are in the graph", store.rows_in_graph());
}

#[test]
fn dropping_the_store_stops_a_rebuild() {
    let store = store(64, Metric::Cosine, 1);
    store.put(&clustered(20_000, 64, 14)).expect("sound");
    let shared = Arc::clone(&store.shared);

    drop(store);
    drop(shared.wait_until_built());

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
        drop(store.shared.wait_until_built());

        assert_eq!(store.rows_in_graph(), 300, "{metric:?}");
        assert_eq!(store.nearest(&[f32::MAX; 3], 10, None).expect("sound").len(), 10);
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
