use rusqlite::Connection;

use super::*;
use crate::ErrorKind;
use crate::retrieval::store::sqlite::{NewChunk, NewDocument};
use crate::retrieval::{HashedEmbedder, Query, VectorIndex};

const DIMENSIONS: usize = 8;

fn open(dir: &Path) -> Result<Shared> {
    Shared::open(dir, Arc::new(HashedEmbedder::new(DIMENSIONS)), KnowledgeBaseOptions::default())
}

/// A commit of one document that says `word` in each of its chunks.
fn document(source: &str, word: &str, chunks: usize) -> Commit {
    let chunk = |number: usize| NewChunk {
        start: number,
        headings: Vec::new(),
        text: format!("{word} {number} {}", "filler ".repeat(100)),
        vector: vec![1.0; DIMENSIONS],
    };
    let document = NewDocument {
        source: source.to_owned(),
        title: String::new(),
        metadata: std::collections::BTreeMap::new(),
        hash: [0; 32],
        recipe: String::new(),
        path: None,
        size: None,
        modified: None,
        chunks: (0..chunks).map(chunk).collect(),
    };
    Commit { stored: vec![document], ..Commit::default() }
}

fn found(shared: &Shared, word: &str) -> usize {
    shared.search(&Query::new(word).k(1_000), &[], SearchMode::Lexical).expect("the store can be read").len()
}

#[test]
fn a_full_disk_leaves_the_old_store_readable_and_writable_later() {
    let dir = tempfile::tempdir().expect("a temporary directory");
    let shared = open(dir.path()).expect("a new store");
    shared.commit(document("a", "old", 3)).expect("there is room");
    let full = |pages| shared.database.limit_pages(pages).expect("the limit can be set");

    full(20);
    let error = shared.commit(document("a", "new", 500)).expect_err("there is no room");

    assert_eq!(error.kind(), ErrorKind::Io, "{}", error.chain());
    assert!(error.chain().contains("full"), "{}", error.chain());
    assert_eq!((found(&shared, "old"), found(&shared, "new")), (3, 0));

    full(1_000_000);
    shared.commit(document("a", "new", 500)).expect("there is room again");
    drop(shared);

    let shared = open(dir.path()).expect("the store is sound");
    assert_eq!((found(&shared, "old"), found(&shared, "new")), (0, 500));
}

#[test]
fn a_disk_that_became_read_only_refuses_commits_and_serves_searches() {
    let dir = tempfile::tempdir().expect("a temporary directory");
    let shared = open(dir.path()).expect("a new store");
    shared.commit(document("a", "old", 3)).expect("it can be written");
    shared.database.refuse_writes(true).expect("it can be set");

    for error in [
        shared.commit(document("a", "new", 3)).expect_err("it cannot be written"),
        shared.compact().expect_err("it cannot be written"),
    ] {
        assert_eq!(error.kind(), ErrorKind::Io, "{}", error.chain());
        assert!(error.chain().contains("readonly"), "{}", error.chain());
    }
    assert_eq!((found(&shared, "old"), found(&shared, "new")), (3, 0));

    shared.database.refuse_writes(false).expect("it can be set");
    shared.commit(document("a", "new", 3)).expect("it can be written again");
    assert_eq!((found(&shared, "old"), found(&shared, "new")), (0, 3));
}

#[test]
fn a_store_of_a_newer_format_is_refused_with_both_versions() {
    let dir = tempfile::tempdir().expect("a temporary directory");
    drop(open(dir.path()).expect("a new store"));
    let connection = Connection::open(dir.path().join("store.sqlite")).expect("the file can be opened");
    connection.pragma_update(None, "user_version", 2).expect("the version can be set");
    drop(connection);

    let error = open(dir.path()).expect_err("the format is unknown");

    assert_eq!(error.kind(), ErrorKind::Invalid);
    assert!(error.to_string().ends_with("expected format version 1 or older, got 2"), "{error}");
}

#[test]
fn a_vector_that_was_damaged_is_reported() {
    let dir = tempfile::tempdir().expect("a temporary directory");
    let shared = open(dir.path()).expect("a new store");
    shared.commit(document("a", "word", 3)).expect("there is room");
    drop(shared);
    for damage in ["x'00'", "x'ffffffff0000000000000000000000000000000000000000000000000000ffff'"] {
        let connection = Connection::open(dir.path().join("store.sqlite")).expect("the file can be opened");
        connection
            .execute(&format!("UPDATE chunks SET vector = {damage} WHERE id = 2"), [])
            .expect("it is written");
        drop(connection);

        let error = open(dir.path()).expect_err("the vector is no vector");

        assert_eq!(error.kind(), ErrorKind::Corrupt);
        assert!(error.to_string().ends_with("expected 8 finite numbers as the vector of chunk 2"), "{error}");
    }
}

#[test]
fn vectors_come_back_as_they_were_stored() {
    let dir = tempfile::tempdir().expect("a temporary directory");
    let shared = open(dir.path()).expect("a new store");
    let mut commit = document("a", "word", 1);
    let vector = vec![f32::MIN_POSITIVE, -0.0, 1.0 / 3.0, f32::MAX, 1e-40, 0.1, -7.25, f32::EPSILON];
    commit.stored[0].chunks[0].vector.clone_from(&vector);
    shared.commit(commit).expect("there is room");

    let stored = shared.database.snapshot(|snapshot| snapshot.chunks_after(0, 10, DIMENSIONS));

    let bits = |vector: &[f32]| vector.iter().map(|value| value.to_bits()).collect::<Vec<_>>();
    assert_eq!(bits(&stored.expect("the store can be read")[0].vector), bits(&vector));
}

#[test]
fn the_graph_is_used_above_ten_thousand_chunks_also_after_reopening() {
    let dir = tempfile::tempdir().expect("a temporary directory");
    let shared = open(dir.path()).expect("a new store");
    shared.commit(document("a", "word", 10_000)).expect("there is room");
    assert_eq!(shared.info().vectors, VectorIndex::Exact);
    shared.commit(document("b", "more", 1)).expect("there is room");
    assert!(matches!(shared.info().vectors, VectorIndex::Hnsw { .. }));
    drop(shared);

    let shared = open(dir.path()).expect("the store is sound");

    assert!(matches!(shared.info().vectors, VectorIndex::Hnsw { .. }));
    assert_eq!(shared.info().chunks, 10_001);
}
