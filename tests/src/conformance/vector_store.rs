//! What every [`VectorStore`] does.

use std::sync::Arc;

use rushlight::ErrorKind;
use rushlight::retrieval::{VectorRow, VectorStore};

/// One test for each case; the argument makes an empty store of 3 dimensions that ranks by the cosine, the
/// dot product or the distance.
#[macro_export]
macro_rules! vector_store_suite {
    ($make:expr) => {
        $crate::conformance!(
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
            searches_and_changes_at_the_same_time_see_whole_upserts,
            works_behind_a_shared_pointer,
        );
    };
}

fn row(id: u64, vector: [f32; 3]) -> VectorRow {
    VectorRow { id, vector: vector.to_vec() }
}

async fn ids(store: &impl VectorStore, vector: [f32; 3], k: usize) -> Vec<u64> {
    store.search(&vector, k).await.unwrap().into_iter().map(|neighbour| neighbour.id).collect()
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

    let found = store.search(&[1.0, 0.0, 0.0], 3).await.unwrap();

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
        let rows = vec![row(1, [1.0, 0.0, 0.0]), VectorRow { id: 2, vector: bad }];

        let error = store.upsert(rows).await.unwrap_err();

        assert_eq!(error.kind(), ErrorKind::Invalid);
        assert_eq!(store.count().await.unwrap(), 0);
    }
}

/// The query is checked as rows are.
pub async fn a_query_of_the_wrong_length_or_without_a_number_is_refused(store: &impl VectorStore) {
    filled(store).await;

    for bad in [vec![1.0], vec![f32::NAN, 0.0, 0.0]] {
        let error = store.search(&bad, 1).await.unwrap_err();

        assert_eq!(error.kind(), ErrorKind::Invalid);
    }
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
