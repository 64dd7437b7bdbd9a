use std::fs;
use std::path::Path;

use rushlight::retrieval::{Durability, KnowledgeBaseOptions, SearchMode};
use rushlight::{Document, ErrorKind, HashedEmbedder, KnowledgeBase, Query, Retriever};

use super::{embedder, quiet};

async fn filled(dir: &Path) -> KnowledgeBase {
    let base = KnowledgeBase::open(dir, embedder()).await.unwrap();
    let text = |index: usize| format!("# Note {index}\n\n{}", "Some words about something. ".repeat(50));
    let documents = (0..40).map(|index| Document::new(format!("note {index}"), text(index))).collect();
    base.ingest(documents, quiet).await.unwrap();
    base
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
    assert!(message.contains("`hashed-64` (64 dimensions), got `hashed-32` (32)"), "{message}");
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
