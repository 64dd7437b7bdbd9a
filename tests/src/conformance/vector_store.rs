//! What every [`VectorStore`] does.

use std::sync::Arc;

use rushlight::ErrorKind;
use rushlight::retrieval::{Filter, VectorQuery, VectorRow, VectorStore};

/// One test for each case; the argument makes an empty store of 3 dimensions that ranks by the cosine, the
/// dot product or the distance. After `in_turn:`, or `in_turn [ATTRIBUTE]:`, it is one test for
/// all cases, for stores on a server that each process would have to start.
#[macro_export]
macro_rules! vector_store_suite {
    (in_turn $([$($attribute:tt)+])?: $make:expr) => {
        $crate::vector_store_suite!(@cases conformance_in_turn [[$($($attribute)+)?]] $make);
    };
    (@cases $each:ident [$($first:tt)*] $make:expr) => {
        $crate::$each!(
            $($first)*
            vector_store,
            $make,
            an_empty_store_finds_nothing,
            the_nearest_rows_come_first,
            equal_scores_are_ordered_by_id,
            never_more_rows_than_asked_for,
            upserting_an_id_again_replaces_its_vector,
            the_last_of_equal_ids_in_one_upsert_counts,
            deleted_rows_are_never_found_again,
            deleting_an_unknown_id_does_nothing,
            a_refused_upsert_stores_none_of_its_rows,
            a_query_of_the_wrong_length_or_without_a_number_is_refused,
            many_queries_find_what_each_finds_alone,
            searches_and_changes_at_the_same_time_see_whole_upserts,
            a_filter_that_one_row_in_a_hundred_matches_still_gives_k,
            a_filter_that_nothing_matches_finds_nothing,
            a_filter_on_an_unknown_field_finds_nothing_and_its_opposite_everything,
            filters_follow_changes_of_rows,
            works_behind_a_shared_pointer,
        );
    };
    ($make:expr) => {
        $crate::vector_store_suite!(@cases conformance [] $make);
    };
}

fn row(id: u64, vector: [f32; 3]) -> VectorRow {
    VectorRow::new(id, vector.to_vec())
}

async fn ids(store: &impl VectorStore, vector: [f32; 3], k: usize) -> Vec<u64> {
    found(store, VectorQuery::new(vector.to_vec(), k)).await
}

async fn found(store: &impl VectorStore, query: VectorQuery) -> Vec<u64> {
    store.search(&query).await.unwrap().into_iter().map(|neighbour| neighbour.id).collect()
}

/// Three unit vectors, the first two near each other.
async fn filled(store: &impl VectorStore) {
    let rows = vec![row(1, [1.0, 0.0, 0.0]), row(2, [0.8, 0.6, 0.0]), row(3, [0.0, 0.0, 1.0])];
    store.upsert(rows).await.unwrap();
}

/// Nothing is stored, so nothing is found.
pub async fn an_empty_store_finds_nothing(store: &impl VectorStore) {
    assert!(ids(store, [1.0, 0.0, 0.0], 5).await.is_empty());
    assert_eq!(store.count().await.unwrap(), 0);
}

/// Nearest first, with falling scores.
pub async fn the_nearest_rows_come_first(store: &impl VectorStore) {
    filled(store).await;

    let found = store.search(&VectorQuery::new(vec![1.0, 0.0, 0.0], 3)).await.unwrap();

    assert_eq!(found.iter().map(|neighbour| neighbour.id).collect::<Vec<_>>(), [1, 2, 3]);
    assert!(found.windows(2).all(|pair| pair[0].score > pair[1].score));
    assert_eq!(store.count().await.unwrap(), 3);
}

/// Ties by ascending id, whatever the order in which the rows came.
pub async fn equal_scores_are_ordered_by_id(store: &impl VectorStore) {
    let rows = [9, 2, 7, 4].map(|id| row(id, [0.0, 1.0, 0.0])).to_vec();
    store.upsert(rows).await.unwrap();

    assert_eq!(ids(store, [0.0, 1.0, 0.0], 3).await, [2, 4, 7]);
}

/// At most `k`, also for 0 and for more than there are.
pub async fn never_more_rows_than_asked_for(store: &impl VectorStore) {
    filled(store).await;

    assert_eq!(ids(store, [1.0, 0.0, 0.0], 2).await, [1, 2]);
    assert!(ids(store, [1.0, 0.0, 0.0], 0).await.is_empty());
    assert_eq!(ids(store, [1.0, 0.0, 0.0], usize::MAX).await.len(), 3);
}

/// An id that exists is replaced.
pub async fn upserting_an_id_again_replaces_its_vector(store: &impl VectorStore) {
    filled(store).await;

    store.upsert(vec![row(3, [1.0, 0.0, 0.0]), row(1, [0.0, 0.0, 1.0])]).await.unwrap();

    assert_eq!(ids(store, [1.0, 0.0, 0.0], 3).await, [3, 2, 1]);
    assert_eq!(store.count().await.unwrap(), 3);
}

/// Rows are stored in their order.
pub async fn the_last_of_equal_ids_in_one_upsert_counts(store: &impl VectorStore) {
    filled(store).await;

    store.upsert(vec![row(4, [1.0, 0.0, 0.0]), row(4, [0.0, 1.0, 0.0])]).await.unwrap();

    assert_eq!(ids(store, [0.0, 1.0, 0.0], 1).await, [4]);
    assert_eq!(store.count().await.unwrap(), 4);
}

/// A deleted row is gone for good; an id may be used again.
pub async fn deleted_rows_are_never_found_again(store: &impl VectorStore) {
    filled(store).await;

    store.delete(&[1, 3]).await.unwrap();
    assert_eq!(ids(store, [1.0, 0.0, 0.0], 3).await, [2]);

    store.upsert(vec![row(1, [0.0, 0.0, 1.0])]).await.unwrap();
    assert_eq!(ids(store, [1.0, 0.0, 0.0], 3).await, [2, 1]);
}

/// An unknown id does nothing.
pub async fn deleting_an_unknown_id_does_nothing(store: &impl VectorStore) {
    filled(store).await;

    store.delete(&[77]).await.unwrap();
    store.delete(&[]).await.unwrap();

    assert_eq!(store.count().await.unwrap(), 3);
}

/// All rows or none.
pub async fn a_refused_upsert_stores_none_of_its_rows(store: &impl VectorStore) {
    for bad in [vec![1.0, 2.0], vec![f32::NAN, 0.0, 0.0], vec![0.0, f32::INFINITY, 0.0]] {
        let rows = vec![row(1, [1.0, 0.0, 0.0]), VectorRow::new(2, bad)];

        let error = store.upsert(rows).await.unwrap_err();

        assert_eq!(error.kind(), ErrorKind::Invalid);
        assert_eq!(store.count().await.unwrap(), 0);
    }
}

/// The query is checked as rows are.
pub async fn a_query_of_the_wrong_length_or_without_a_number_is_refused(store: &impl VectorStore) {
    filled(store).await;

    for bad in [vec![1.0], vec![f32::NAN, 0.0, 0.0]] {
        let error = store.search(&VectorQuery::new(bad, 1)).await.unwrap_err();

        assert_eq!(error.kind(), ErrorKind::Invalid);
    }
}

/// As one search after the other, and an error if one of them has one.
pub async fn many_queries_find_what_each_finds_alone(store: &impl VectorStore) {
    many(store).await;
    let angle = |at: usize| at as f32 * 0.1;
    let at = |at: usize| VectorQuery::new(vec![angle(at).cos(), angle(at).sin(), 0.0], at);
    let mut queries: Vec<VectorQuery> = (0..16).map(at).collect();
    queries[7] = queries[7].clone().filter(Filter::equals("lang", "rust"));

    let found = store.search_all(&queries).await.unwrap();

    for (query, found) in queries.iter().zip(&found) {
        assert_eq!(*found, store.search(query).await.unwrap());
    }
    assert_eq!(found.len(), 16);
    assert!(store.search_all(&[]).await.unwrap().is_empty());
    queries[9].vector[0] = f32::NAN;
    assert_eq!(store.search_all(&queries).await.unwrap_err().kind(), ErrorKind::Invalid);
}

/// A search sees each upsert whole or not at all.
pub async fn searches_and_changes_at_the_same_time_see_whole_upserts(store: &impl VectorStore) {
    let rows = |offset: u64| (0..8).map(|id| row(offset + id, [1.0, id as f32, 0.0])).collect::<Vec<_>>();

    let writes = async {
        for round in 0..20 {
            store.upsert(rows(8 * round)).await.unwrap();
        }
    };
    let reads = async {
        for _ in 0..40 {
            let found = ids(store, [1.0, 0.0, 0.0], 1_000).await;
            assert_eq!(found.len() % 8, 0, "a part of an upsert was seen");
            tokio::task::yield_now().await;
        }
    };
    futures::join!(writes, reads);

    assert_eq!(store.count().await.unwrap(), 160);
}

/// 1 000 rows along a quarter of a circle, every hundredth of them in Rust.
async fn many(store: &impl VectorStore) {
    let row = |id: u64| {
        let angle = id as f32 / 1_000.0 * std::f32::consts::FRAC_PI_2;
        let lang = if id.is_multiple_of(100) { "rust" } else { "go" };
        row(id, [angle.cos(), angle.sin(), 0.0]).field("lang", lang)
    };
    store.upsert((0..1_000).map(row).collect()).await.unwrap();
}

fn query(k: usize, filter: Filter) -> VectorQuery {
    VectorQuery::new(vec![1.0, 0.0, 0.0], k).filter(filter)
}

/// The filter is part of the search: what does not match takes nobody's place.
pub async fn a_filter_that_one_row_in_a_hundred_matches_still_gives_k(store: &impl VectorStore) {
    many(store).await;

    let rust = found(store, query(5, Filter::equals("lang", "rust"))).await;
    let others = found(store, query(3, Filter::not(Filter::equals("lang", "rust")))).await;
    let all = found(store, query(20, Filter::starts_with("lang", "r"))).await;

    assert_eq!(rust, [0, 100, 200, 300, 400]);
    assert_eq!(others, [1, 2, 3]);
    assert_eq!(all.len(), 10);
}

/// No row matches, so nothing is found.
pub async fn a_filter_that_nothing_matches_finds_nothing(store: &impl VectorStore) {
    many(store).await;

    assert!(found(store, query(5, Filter::equals("lang", "c"))).await.is_empty());
    assert!(found(store, query(5, Filter::any_of("lang", ["c", "zig"]))).await.is_empty());
    assert!(found(store, query(5, Filter::any([]))).await.is_empty());
}

/// A condition on a field that no row has holds for none, and is no error.
pub async fn a_filter_on_an_unknown_field_finds_nothing_and_its_opposite_everything(
    store: &impl VectorStore,
) {
    many(store).await;

    assert!(found(store, query(5, Filter::exists("year"))).await.is_empty());
    assert!(found(store, query(5, Filter::equals("year", "2026"))).await.is_empty());
    assert_eq!(found(store, query(3, Filter::not(Filter::exists("year")))).await, [0, 1, 2]);
}

/// A row's fields are replaced and go with it.
pub async fn filters_follow_changes_of_rows(store: &impl VectorStore) {
    many(store).await;

    store.upsert(vec![row(0, [1.0, 0.0, 0.0]), row(7, [1.0, 0.0, 0.0]).field("lang", "rust")]).await.unwrap();
    store.delete(&[100]).await.unwrap();

    assert_eq!(found(store, query(3, Filter::equals("lang", "rust"))).await, [7, 200, 300]);
    assert_eq!(found(store, query(3, Filter::not(Filter::exists("lang")))).await, [0]);
}

/// An `Arc` of a store is that store.
pub async fn works_behind_a_shared_pointer(store: &(impl VectorStore + Clone)) {
    filled(store).await;
    let shared: Arc<dyn VectorStore> = Arc::new(store.clone());

    the_shared_store_finds(shared).await;
}

async fn the_shared_store_finds(store: impl VectorStore) {
    assert_eq!(ids(&store, [1.0, 0.0, 0.0], 1).await, [1]);
    store.delete(&[1]).await.unwrap();
    assert_eq!(store.count().await.unwrap(), 2);
}
