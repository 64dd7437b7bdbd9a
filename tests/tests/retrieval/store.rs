use std::fs;
use std::path::Path;

use rushlight::retrieval::{Durability, KnowledgeBaseOptions, SearchMode, VectorIndex};
use rushlight::{Document, ErrorKind, HashedEmbedder, KnowledgeBase, Query, Retriever};

use super::{embedder, quiet};

async fn filled(dir: &Path) -> KnowledgeBase {
    let base = KnowledgeBase::open(dir, embedder()).await.unwrap();
    let text = |index: usize| format!("# Note {index}\n\n{}", "Some words about something. ".repeat(50));
    let documents = (0..40).map(|index| Document::new(format!("note {index}"), text(index))).collect();
    base.ingest(documents, quiet).await.unwrap();
    base
}

/// The store of [`filled`], with a graph.
async fn with_graph(dir: &Path) -> KnowledgeBase {
    let options = KnowledgeBaseOptions::default().ann_threshold(10);
    KnowledgeBase::open_with(dir, embedder(), options).await.unwrap()
}

#[tokio::test]
async fn the_graph_is_there_when_the_store_is_opened_again() {
    let dir = tempfile::tempdir().unwrap();
    drop(filled(dir.path()).await);
    let base = with_graph(dir.path()).await;
    base.rebuild().await.unwrap();
    let covered = base.len();
    drop(base);

    let base = with_graph(dir.path()).await;
    assert_eq!(base.info().vectors, VectorIndex::Hnsw { covered });
    base.ingest(vec![Document::new("note 3", "An albatross.")], quiet).await.unwrap();
    base.delete(&["note 5".to_owned()]).await.unwrap();
    let query = Query::new("An albatross.").k(20);
    let found = base.retrieve(&query).await.unwrap();
    drop(base);

    let base = with_graph(dir.path()).await;
    assert_eq!(base.retrieve(&query).await.unwrap(), found);
    assert!(matches!(base.info().vectors, VectorIndex::Hnsw { covered: left } if left < covered));
}

#[tokio::test]
async fn a_graph_that_is_damaged_or_of_another_store_is_built_anew() {
    let (dir, other) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    drop(filled(dir.path()).await);
    let base = with_graph(other.path()).await;
    let others = (0..20).map(|index| Document::new(format!("other {index}"), format!("About {index}.")));
    base.ingest(others.collect(), quiet).await.unwrap();
    base.rebuild().await.unwrap();
    drop(base);
    let foreign = fs::read(other.path().join("vectors.hnsw")).unwrap();
    let base = with_graph(dir.path()).await;
    base.rebuild().await.unwrap();
    let (query, covered) = (Query::new("Some words about note 7").k(20), base.len());
    let found = base.retrieve(&query).await.unwrap();
    drop(base);

    for bytes in [&foreign[..], &foreign[..5_000], b"", b"not a graph"] {
        fs::write(dir.path().join("vectors.hnsw"), bytes).unwrap();
        let base = with_graph(dir.path()).await;

        assert_eq!(base.retrieve(&query).await.unwrap(), found);
        base.rebuild().await.unwrap();
        assert_eq!(base.info().vectors, VectorIndex::Hnsw { covered });
    }
}

#[tokio::test]
async fn the_file_of_the_graph_is_the_writers_and_goes_with_the_graph() {
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("vectors.hnsw");
    drop(filled(dir.path()).await);

    let options = KnowledgeBaseOptions::default().ann_threshold(10);
    let reader = KnowledgeBase::open_read_only(dir.path(), embedder(), options).await.unwrap();
    reader.rebuild().await.unwrap();
    assert!(!file.exists());

    with_graph(dir.path()).await.rebuild().await.unwrap();
    assert!(file.exists());

    drop(KnowledgeBase::open(dir.path(), embedder()).await.unwrap());
    assert!(!file.exists());
}

#[tokio::test]
async fn a_second_writer_is_told_that_the_store_is_in_use() {
    let dir = tempfile::tempdir().unwrap();
    let first = filled(dir.path()).await;

    let error = KnowledgeBase::open(dir.path(), embedder()).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Busy);

    drop(first);
    KnowledgeBase::open(dir.path(), embedder()).await.unwrap();
}

#[tokio::test]
async fn readers_see_what_the_writer_commits() {
    let dir = tempfile::tempdir().unwrap();
    let writer = filled(dir.path()).await;
    let options = KnowledgeBaseOptions::default;
    let reader = KnowledgeBase::open_read_only(dir.path(), embedder(), options()).await.unwrap();
    let (query, version) = (Query::new("albatross"), reader.version());
    assert_eq!(reader.len(), writer.len());
    assert!(reader.search(&query, SearchMode::Lexical).await.unwrap().is_empty());

    writer.ingest(vec![Document::new("note 3", "An albatross.")], quiet).await.unwrap();

    assert_eq!(reader.search(&query, SearchMode::Lexical).await.unwrap().len(), 1);
    assert_eq!(reader.retrieve(&query).await.unwrap(), writer.retrieve(&query).await.unwrap());
    assert_eq!(reader.len(), writer.len());
    assert_ne!(reader.version(), version);
}

#[tokio::test]
async fn a_reader_cannot_write_and_needs_a_store() {
    let dir = tempfile::tempdir().unwrap();
    let options = KnowledgeBaseOptions::default;
    let missing = KnowledgeBase::open_read_only(dir.path(), embedder(), options()).await.unwrap_err();
    assert_eq!(missing.kind(), ErrorKind::Io);
    drop(filled(dir.path()).await);

    let reader = KnowledgeBase::open_read_only(dir.path(), embedder(), options()).await.unwrap();

    assert_eq!(reader.ingest(vec![Document::new("a", "b")], quiet).await.unwrap_err().kind(), ErrorKind::Io);
    assert_eq!(reader.delete(&["note 3".to_owned()]).await.unwrap_err().kind(), ErrorKind::Io);
    assert_eq!(reader.documents(), 40);
}

#[tokio::test]
async fn another_embedder_is_refused_with_both_names() {
    let dir = tempfile::tempdir().unwrap();
    drop(filled(dir.path()).await);

    let error = KnowledgeBase::open(dir.path(), HashedEmbedder::new(32)).await.unwrap_err();

    assert_eq!(error.kind(), ErrorKind::Invalid);
    let message = error.to_string();
    assert!(message.contains("`hashed-64` (64 dimensions), got `hashed-32` (32 dimensions)"), "{message}");
}

#[tokio::test]
async fn a_closed_store_can_be_copied_and_opened_elsewhere() {
    let (dir, copy) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let base = filled(dir.path()).await;
    let query = Query::new("note 17");
    let before = base.retrieve(&query).await.unwrap();
    drop(base);

    for entry in fs::read_dir(dir.path()).unwrap() {
        let entry = entry.unwrap();
        fs::copy(entry.path(), copy.path().join(entry.file_name())).unwrap();
    }

    let base = KnowledgeBase::open(copy.path(), embedder()).await.unwrap();
    assert_eq!(base.retrieve(&query).await.unwrap(), before);
}

#[tokio::test]
async fn a_file_that_is_no_store_is_called_damaged() {
    for content in [b"this is no database, however long it may be read".to_vec(), vec![0; 8_192]] {
        let dir = tempfile::tempdir().unwrap();
        fs::write(dir.path().join("store.sqlite"), content).unwrap();

        let error = KnowledgeBase::open(dir.path(), embedder()).await.unwrap_err();

        assert_eq!(error.kind(), ErrorKind::Corrupt, "{error}");
    }
}

#[tokio::test]
async fn damage_anywhere_ends_in_an_error_or_in_sound_passages() {
    let dir = tempfile::tempdir().unwrap();
    drop(filled(dir.path()).await);
    let sound = fs::read(dir.path().join("store.sqlite")).unwrap();
    let mut refused = 0;

    for round in 0..40 {
        let dir = tempfile::tempdir().unwrap();
        let mut bytes = sound.clone();
        let start = round * (bytes.len() / 40);
        let end = (start + 300).min(bytes.len());
        bytes[start..end].fill(0xa5);
        fs::write(dir.path().join("store.sqlite"), bytes).unwrap();

        match KnowledgeBase::open(dir.path(), embedder()).await {
            Ok(base) => {
                let query = Query::new("words about something").k(100);
                if let Err(error) = base.retrieve(&query).await {
                    assert_eq!(error.kind(), ErrorKind::Corrupt);
                }
            }
            Err(error) => {
                assert!(matches!(error.kind(), ErrorKind::Corrupt | ErrorKind::Invalid), "{error}");
                refused += 1;
            }
        }
    }

    assert!(refused > 0);
}

#[tokio::test]
async fn a_truncated_store_is_called_damaged() {
    let dir = tempfile::tempdir().unwrap();
    drop(filled(dir.path()).await);
    let path = dir.path().join("store.sqlite");
    let length = fs::metadata(&path).unwrap().len();

    fs::File::options().write(true).open(&path).unwrap().set_len(length / 2).unwrap();

    let error = KnowledgeBase::open(dir.path(), embedder()).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Corrupt, "{error}");
}

#[tokio::test]
async fn full_durability_stores_the_same() {
    let dir = tempfile::tempdir().unwrap();
    let options = KnowledgeBaseOptions::default().durability(Durability::Full);
    let base = KnowledgeBase::open_with(dir.path(), embedder(), options.clone()).await.unwrap();
    base.ingest(vec![Document::new("a", "Apples.")], quiet).await.unwrap();
    drop(base);

    let base = KnowledgeBase::open_with(dir.path(), embedder(), options).await.unwrap();
    assert_eq!(base.documents(), 1);
}

#[tokio::test]
async fn a_directory_that_cannot_be_made_is_an_io_error() {
    let dir = tempfile::tempdir().unwrap();
    fs::write(dir.path().join("file"), "in the way").unwrap();

    let error = KnowledgeBase::open(dir.path().join("file/store"), embedder()).await.unwrap_err();

    assert_eq!(error.kind(), ErrorKind::Io);
}

#[tokio::test]
async fn a_store_says_which_embedder_it_needs_while_others_have_it_open() {
    let dir = tempfile::tempdir().unwrap();
    let base = filled(dir.path()).await;

    let info = KnowledgeBase::inspect(dir.path()).await.unwrap();

    assert_eq!((info.embedder.as_str(), info.dimensions, info.format), ("hashed-64", 64, 1));
    assert_eq!((info.documents, info.chunks, info.bytes), (40, base.len(), base.info().bytes));
    let files = fs::read_dir(dir.path()).unwrap().map(|file| file.unwrap().metadata().unwrap().len());
    assert_eq!(info.bytes, files.sum::<u64>());
    let empty = tempfile::tempdir().unwrap();
    assert_eq!(KnowledgeBase::inspect(empty.path()).await.unwrap_err().kind(), ErrorKind::Io);
}

#[tokio::test]
async fn a_sound_store_has_no_problems_with_and_without_a_graph() {
    let dir = tempfile::tempdir().unwrap();
    let base = filled(dir.path()).await;
    let chunks = base.len();
    let check = KnowledgeBase::check(dir.path()).await.unwrap();
    assert_eq!((check.documents, check.chunks, check.problems), (40, chunks, vec![]));
    drop(base);

    let base = with_graph(dir.path()).await;
    base.rebuild().await.unwrap();
    base.ingest(vec![Document::new("note 3", "An albatross.")], quiet).await.unwrap();
    let check = KnowledgeBase::check(dir.path()).await.unwrap();

    assert!(dir.path().join("vectors.hnsw").exists());
    assert_eq!((check.documents, check.chunks, check.problems), (40, base.len(), vec![]));
}

#[tokio::test]
async fn a_check_names_damage_of_the_file_and_of_the_graph() {
    let dir = tempfile::tempdir().unwrap();
    drop(filled(dir.path()).await);
    let base = with_graph(dir.path()).await;
    base.rebuild().await.unwrap();
    drop(base);
    let (store, graph) = (dir.path().join("store.sqlite"), dir.path().join("vectors.hnsw"));
    let mut bytes = fs::read(&graph).unwrap();
    bytes[5_000] ^= 1;
    fs::write(&graph, bytes).unwrap();
    let check = KnowledgeBase::check(dir.path()).await.unwrap();
    assert_eq!(check.problems.len(), 1, "{check:?}");
    assert!(check.problems[0].contains("vectors.hnsw` is damaged: its checksum"), "{check:?}");

    let mut bytes = fs::read(&store).unwrap();
    let middle = bytes.len() / 2;
    bytes[middle..].fill(0xa5);
    fs::write(&store, bytes).unwrap();
    let check = KnowledgeBase::check(dir.path()).await.unwrap();
    assert!(check.problems.len() > 1, "{check:?}");

    fs::write(&store, "no database at all, whatever its name is").unwrap();
    let check = KnowledgeBase::check(dir.path()).await.unwrap();
    assert_eq!(check.problems, ["file is not a database"]);
}

#[tokio::test]
async fn a_check_tells_the_vectors_of_another_store_from_its_own() {
    let (dir, other) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    for (dir, animal) in [(&dir, "albatross"), (&other, "badger")] {
        let base = with_graph(dir.path()).await;
        let documents = (0..20).map(|index| Document::new(format!("{index}"), format!("{animal} {index}")));
        base.ingest(documents.collect(), quiet).await.unwrap();
        base.rebuild().await.unwrap();
    }
    fs::copy(other.path().join("vectors.hnsw"), dir.path().join("vectors.hnsw")).unwrap();

    let check = KnowledgeBase::check(dir.path()).await.unwrap();

    assert_eq!(check.problems.len(), 20, "{check:?}");
    assert!(check.problems[0].ends_with("has another vector; the next rebuild replaces it"), "{check:?}");
}

#[tokio::test]
async fn compacting_gives_the_room_of_removed_documents_back() {
    let dir = tempfile::tempdir().unwrap();
    drop(filled(dir.path()).await);
    let base = with_graph(dir.path()).await;
    base.rebuild().await.unwrap();
    let removed: Vec<String> = (0..20).map(|index| format!("note {index}")).collect();
    base.delete(&removed).await.unwrap();
    let query = Query::new("Some words about note 30").k(5);
    let (found, version) = (base.retrieve(&query).await.unwrap(), base.version());

    let report = base.compact().await.unwrap();

    assert!(report.bytes_after < report.bytes_before * 3 / 4, "{report:?}");
    assert_eq!(report.bytes_after, base.info().bytes);
    assert_eq!(base.info().vectors, VectorIndex::Hnsw { covered: base.len() });
    assert_eq!((base.retrieve(&query).await.unwrap(), base.version()), (found, version));
    assert_eq!(KnowledgeBase::check(dir.path()).await.unwrap().problems, Vec::<String>::new());
}

#[tokio::test]
async fn a_reader_cannot_compact_and_a_store_in_memory_takes_no_files() {
    let dir = tempfile::tempdir().unwrap();
    drop(filled(dir.path()).await);
    let reader =
        KnowledgeBase::open_read_only(dir.path(), embedder(), KnowledgeBaseOptions::default()).await.unwrap();
    let memory = KnowledgeBase::in_memory(embedder()).await.unwrap();

    assert_eq!(reader.compact().await.unwrap_err().kind(), ErrorKind::Io);
    assert_eq!((memory.compact().await.unwrap().bytes_after, memory.info().bytes), (0, 0));
}
