use std::fs;

use tempfile::TempDir;

use super::*;
use crate::ErrorKind;
use crate::retrieval::store::HnswStore;
use crate::retrieval::store::samples::clustered;
use crate::retrieval::{Filter, Neighbour, VectorQuery, VectorRow};

/// Builds no graph until it is asked to, and searches it though there are few rows.
fn options() -> HnswOptions {
    HnswOptions::default().rebuild_after(usize::MAX).ef(8)
}

fn path(dir: &TempDir) -> PathBuf {
    dir.path().join("vectors.hnsw")
}

fn open(dir: &TempDir, metric: Metric) -> Result<HnswStore> {
    HnswStore::open(path(dir), 8, metric, options())
}

/// Rows of which some are equal, and every third has a field.
fn rows() -> Vec<VectorRow> {
    let mut rows = clustered(600, 8, 1);
    for at in 500..600 {
        rows[at].vector = rows[at - 300].vector.clone();
    }
    rows.into_iter()
        .map(|row| if row.id.is_multiple_of(3) { row.field("lang", "ruß\"t") } else { row })
        .collect()
}

/// A file with these rows.
async fn filled(dir: &TempDir, metric: Metric) -> HnswStore {
    let store = open(dir, metric).expect("a new store");
    store.put(&rows()).expect("the rows are sound");
    store.rebuild().await.expect("there is room");
    store
}

fn all_found(store: &HnswStore) -> Vec<Vec<Neighbour>> {
    let filtered = |query: VectorQuery| query.filter(Filter::equals("lang", "ruß\"t"));
    let queries = clustered(20, 8, 2).into_iter().map(|row| VectorQuery::new(row.vector, 5));
    queries
        .flat_map(|query| [query.clone(), filtered(query)])
        .map(|query| store.find(&query).expect("sound"))
        .collect()
}

#[tokio::test]
async fn a_store_that_is_opened_again_finds_the_same_by_each_metric() {
    for metric in [Metric::Cosine, Metric::Dot, Metric::L2] {
        let dir = tempfile::tempdir().expect("a temporary directory");
        let store = filled(&dir, metric).await;
        let found = all_found(&store);
        drop(store);

        let store = open(&dir, metric).expect("the file is sound");

        assert_eq!(store.rows_in_graph(), 600);
        assert_eq!(all_found(&store), found);
    }
}

#[tokio::test]
async fn rows_that_are_stored_again_as_they_are_stay_in_the_graph() {
    let dir = tempfile::tempdir().expect("a temporary directory");
    drop(filled(&dir, Metric::Cosine).await);
    let store = open(&dir, Metric::Cosine).expect("the file is sound");

    store.put(&rows()).expect("the rows are sound");
    assert_eq!(store.rows_in_graph(), 600);

    let moved = VectorRow::new(7, rows()[8].vector.clone());
    let named = rows().swap_remove(10).field("lang", "go");
    store.put(&[moved, named]).expect("the rows are sound");
    assert_eq!((store.rows_in_graph(), store.len()), (598, 600));
}

#[tokio::test]
async fn the_file_holds_what_the_last_rebuild_covered() {
    let dir = tempfile::tempdir().expect("a temporary directory");
    let store = filled(&dir, Metric::L2).await;
    store.put(&clustered(620, 8, 3).split_off(590)).expect("the rows are sound");
    store.remove(&[5]);

    assert_eq!(open(&dir, Metric::L2).expect("the file is sound").len(), 600);

    store.rebuild().await.expect("there is room");
    let found = all_found(&store);
    drop(store);
    let store = open(&dir, Metric::L2).expect("the file is sound");
    assert_eq!((store.len(), store.rows_in_graph()), (619, 619));
    assert_eq!(all_found(&store), found);
}

#[tokio::test]
async fn a_file_that_is_cut_or_changed_anywhere_is_refused() {
    let dir = tempfile::tempdir().expect("a temporary directory");
    drop(filled(&dir, Metric::Cosine).await);
    let bytes = fs::read(path(&dir)).expect("it was written");

    for at in (0..bytes.len()).step_by(997).chain([bytes.len() - 1]) {
        fs::write(path(&dir), &bytes[..at]).expect("there is room");
        let error = open(&dir, Metric::Cosine).expect_err("the end is missing");
        assert_eq!(error.kind(), ErrorKind::Corrupt, "{at}: {error}");

        let mut changed = bytes.clone();
        changed[at] ^= 0x10;
        fs::write(path(&dir), changed).expect("there is room");
        let error = open(&dir, Metric::Cosine).expect_err("a byte is another");
        assert_eq!(error.kind(), ErrorKind::Corrupt, "{at}: {error}");
    }
}

#[tokio::test]
async fn a_file_of_another_format_or_of_other_vectors_is_refused_with_both() {
    let dir = tempfile::tempdir().expect("a temporary directory");
    drop(filled(&dir, Metric::Cosine).await);
    let refused = |error: Error| {
        assert_eq!(error.kind(), ErrorKind::Invalid);
        error.to_string().split_once("`: ").map(|(_, message)| message.to_owned()).unwrap_or_default()
    };

    let other = HnswStore::open(path(&dir), 9, Metric::L2, options()).expect_err("they are others");
    assert_eq!(refused(other), "expected 9 dimensions by L2, got 8 by Cosine");

    let mut bytes = fs::read(path(&dir)).expect("it was written");
    assert!(bytes.starts_with(br#"{"format":2,"#));
    bytes[10] = b'3';
    fs::write(path(&dir), bytes).expect("there is room");
    let newer = open(&dir, Metric::Cosine).expect_err("the format is unknown");
    assert_eq!(refused(newer), "expected format version 2, got 3");
}

#[tokio::test]
async fn another_number_of_neighbours_makes_another_graph_of_the_same_rows() {
    let dir = tempfile::tempdir().expect("a temporary directory");
    drop(filled(&dir, Metric::Cosine).await);

    let store = HnswStore::open(path(&dir), 8, Metric::Cosine, options().m(8)).expect("the rows are sound");
    assert_eq!((store.len(), store.rows_in_graph()), (600, 0));

    store.rebuild().await.expect("there is room");
    assert_eq!(store.rows_in_graph(), 600);
}

#[tokio::test]
async fn a_file_that_cannot_be_written_is_an_error_of_the_rebuild_and_of_nothing_else() {
    let dir = tempfile::tempdir().expect("a temporary directory");
    let missing = dir.path().join("missing");
    let store =
        HnswStore::open(missing.join("vectors.hnsw"), 8, Metric::Cosine, options()).expect("a new store");
    store.put(&rows()).expect("the rows are sound");

    let error = store.rebuild().await.expect_err("there is no such directory");

    assert_eq!(error.kind(), ErrorKind::Io);
    assert_eq!(store.rows_in_graph(), 600);
    fs::create_dir(&missing).expect("it can be made");
    store.rebuild().await.expect("now there is");
    assert_eq!(fs::read_dir(missing).expect("it was made").count(), 1);
}

#[tokio::test]
async fn what_a_killed_process_began_to_write_goes() {
    let dir = tempfile::tempdir().expect("a temporary directory");
    drop(filled(&dir, Metric::Cosine).await);
    for name in ["vectors.77-0.part", "others.77-0.part", "vectors.sqlite"] {
        fs::write(dir.path().join(name), "half").expect("there is room");
    }

    drop(open(&dir, Metric::Cosine).expect("the file is sound"));

    let entries = fs::read_dir(dir.path()).expect("it exists").flatten();
    let mut names: Vec<_> = entries.map(|entry| entry.file_name()).collect();
    names.sort_unstable();
    assert_eq!(names, ["others.77-0.part", "vectors.hnsw", "vectors.sqlite"]);
}
