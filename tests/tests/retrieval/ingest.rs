use std::fs;
use std::path::Path;
use std::sync::Mutex;
use std::time::{Duration, SystemTime};

use rushlight::retrieval::{FailedDocument, IngestReport, KnowledgeBaseOptions, SearchMode};
use rushlight::{Document, ErrorKind, KnowledgeBase, Query, Retriever};
use tempfile::TempDir;

use super::{embedder, in_memory, quiet};

/// Writes a file as if it had been there for an hour.
fn write(dir: &Path, name: &str, text: impl AsRef<[u8]>) {
    let path = dir.join(name);
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    fs::write(&path, text).unwrap();
    age(&path, Duration::from_hours(1));
}

fn age(path: &Path, age: Duration) {
    fs::File::options().write(true).open(path).unwrap().set_modified(SystemTime::now() - age).unwrap();
}

fn corpus() -> TempDir {
    let dir = tempfile::tempdir().unwrap();
    write(dir.path(), "moon.md", "# The moon\n\nIt pulls the oceans.");
    write(dir.path(), "sub/bread.txt", "Knead the dough.");
    dir
}

/// Added, updated, unchanged, deleted, failed.
fn counts(report: &IngestReport) -> [usize; 5] {
    [report.added, report.updated, report.unchanged, report.deleted, report.failed.len()]
}

async fn found(base: &KnowledgeBase, question: &str) -> Vec<String> {
    let passages = base.search(&Query::new(question), SearchMode::Lexical).await.unwrap();
    passages.into_iter().map(|passage| passage.text).collect()
}

#[tokio::test]
async fn a_directory_is_followed_through_its_changes() {
    let dir = corpus();
    let base = in_memory(Vec::new()).await;

    assert_eq!(counts(&base.ingest_dir(dir.path(), quiet).await.unwrap()), [2, 0, 0, 0, 0]);
    assert_eq!(counts(&base.ingest_dir(dir.path(), quiet).await.unwrap()), [0, 0, 2, 0, 0]);

    write(dir.path(), "moon.md", "# The moon\n\nIt has craters.");
    write(dir.path(), "new.md", "Bees dance.");
    fs::remove_file(dir.path().join("sub/bread.txt")).unwrap();

    assert_eq!(counts(&base.ingest_dir(dir.path(), quiet).await.unwrap()), [1, 1, 0, 1, 0]);
    assert_eq!(found(&base, "craters").await.len(), 1);
    assert!(found(&base, "oceans").await.is_empty());
    assert!(found(&base, "dough").await.is_empty());
    assert_eq!(base.documents(), 2);
}

#[tokio::test]
async fn a_file_of_the_same_size_and_time_is_not_read_again() {
    let dir = corpus();
    let base = in_memory(Vec::new()).await;
    base.ingest_dir(dir.path(), quiet).await.unwrap();
    let path = dir.path().join("sub/bread.txt");
    let modified = fs::metadata(&path).unwrap().modified().unwrap();

    fs::write(&path, "KNEAD THE DOUGH!").unwrap();
    fs::File::options().write(true).open(&path).unwrap().set_modified(modified).unwrap();
    assert_eq!(counts(&base.ingest_dir(dir.path(), quiet).await.unwrap()), [0, 0, 2, 0, 0]);

    age(&path, Duration::from_mins(1));
    assert_eq!(counts(&base.ingest_dir(dir.path(), quiet).await.unwrap()), [0, 1, 1, 0, 0]);
}

#[tokio::test]
async fn a_file_that_was_only_touched_is_unchanged() {
    let dir = corpus();
    let base = in_memory(Vec::new()).await;
    base.ingest_dir(dir.path(), quiet).await.unwrap();
    let version = base.version();

    age(&dir.path().join("moon.md"), Duration::from_mins(1));

    assert_eq!(counts(&base.ingest_dir(dir.path(), quiet).await.unwrap()), [0, 0, 2, 0, 0]);
    assert_eq!(base.version(), version);
}

#[tokio::test]
async fn a_change_within_the_clock_step_of_the_file_system_is_seen() {
    let dir = tempfile::tempdir().unwrap();
    let base = in_memory(Vec::new()).await;
    let path = dir.path().join("a.txt");
    fs::write(&path, "first").unwrap();
    let modified = fs::metadata(&path).unwrap().modified().unwrap();
    base.ingest_dir(dir.path(), quiet).await.unwrap();

    fs::write(&path, "later").unwrap();
    fs::File::options().write(true).open(&path).unwrap().set_modified(modified).unwrap();

    assert_eq!(counts(&base.ingest_dir(dir.path(), quiet).await.unwrap()), [0, 1, 0, 0, 0]);
}

#[tokio::test]
async fn bad_files_are_reported_and_the_rest_is_stored() {
    let dir = corpus();
    write(dir.path(), "latin.txt", b"caf\xe9");
    write(dir.path(), "huge.md", "x".repeat(2_000));
    let options = KnowledgeBaseOptions::default().max_file_bytes(1_000);
    let base = KnowledgeBase::in_memory_with(embedder(), options).await.unwrap();

    let report = base.ingest_dir(dir.path(), quiet).await.unwrap();

    assert_eq!(counts(&report), [2, 0, 0, 0, 2]);
    let reasons: Vec<&str> = report.failed.iter().map(|failed| failed.reason.as_str()).collect();
    assert_eq!(
        reasons,
        ["expected at most 1000 bytes, got 2000", "expected UTF-8, got another byte at offset 3"]
    );
}

#[tokio::test]
async fn a_file_that_can_no_longer_be_read_keeps_what_is_stored() {
    let dir = corpus();
    let base = in_memory(Vec::new()).await;
    base.ingest_dir(dir.path(), quiet).await.unwrap();

    write(dir.path(), "moon.md", b"\xff\xfe\xff");

    assert_eq!(counts(&base.ingest_dir(dir.path(), quiet).await.unwrap()), [0, 0, 1, 0, 1]);
    assert_eq!(found(&base, "oceans").await.len(), 1);
}

#[tokio::test]
async fn only_files_under_the_directory_are_removed() {
    let (one, other) = (corpus(), corpus());
    let base = in_memory(vec![Document::new("by hand", "Bees dance.")]).await;
    base.ingest_dir(one.path(), quiet).await.unwrap();
    base.ingest_dir(other.path(), quiet).await.unwrap();

    fs::remove_file(one.path().join("moon.md")).unwrap();
    fs::remove_file(other.path().join("moon.md")).unwrap();

    assert_eq!(base.ingest_dir(one.path(), quiet).await.unwrap().deleted, 1);
    assert_eq!(base.documents(), 4);
}

#[tokio::test]
async fn chosen_files_are_stored_whatever_their_names_and_nothing_is_removed() {
    let dir = corpus();
    write(dir.path(), "Makefile", "all: build");
    let base = in_memory(Vec::new()).await;
    base.ingest_dir(dir.path(), quiet).await.unwrap();

    let files = vec![dir.path().join("Makefile"), dir.path().join("missing.md"), dir.path().to_owned()];
    let report = base.ingest_files(files, quiet).await.unwrap();

    assert_eq!(counts(&report), [1, 0, 0, 0, 2]);
    assert_eq!(base.documents(), 3);
}

#[tokio::test]
async fn the_same_file_under_another_spelling_is_not_stored_twice() {
    let dir = corpus();
    let base = in_memory(Vec::new()).await;
    base.ingest_dir(dir.path(), quiet).await.unwrap();

    let report = base.ingest_dir(dir.path().join("sub").join(".."), quiet).await.unwrap();

    assert_eq!(counts(&report), [0, 2, 0, 0, 0]);
    assert_eq!(base.documents(), 2);
}

#[tokio::test]
async fn documents_are_replaced_by_source() {
    let base = in_memory(vec![Document::new("a", "Apples."), Document::new("b", "Bananas.")]).await;

    let documents = vec![
        Document::new("a", "Apples."),
        Document::new("b", "Blueberries.").field("colour", "blue"),
        Document::new("c", "Cherries."),
        Document::new("c", "Currants."),
        Document::new(" ", "Nobody's."),
        Document::new("blank", " \n"),
    ];
    let report = base.ingest(documents, quiet).await.unwrap();

    assert_eq!(counts(&report), [3 - 1, 2, 1, 0, 1]);
    assert_eq!(found(&base, "bananas cherries").await, Vec::<String>::new());
    assert_eq!(found(&base, "currants").await, ["Currants."]);
    assert_eq!((base.documents(), base.len()), (4, 3));
}

#[tokio::test]
async fn changed_fields_replace_the_document() {
    let base = in_memory(vec![Document::new("a", "Apples.")]).await;

    let report = base.ingest(vec![Document::new("a", "Apples.").field("k", "v")], quiet).await.unwrap();

    assert_eq!(counts(&report), [0, 1, 0, 0, 0]);
    let passages = base.retrieve(&Query::new("apples")).await.unwrap();
    assert_eq!(passages[0].metadata["k"], "v");
}

#[tokio::test]
async fn other_chunk_sizes_cut_stored_documents_anew() {
    let dir = tempfile::tempdir().unwrap();
    let document = || vec![Document::new("a", "One two three four. ".repeat(20))];
    let base = KnowledgeBase::open(dir.path(), embedder()).await.unwrap();
    base.ingest(document(), quiet).await.unwrap();
    assert_eq!(base.len(), 1);
    drop(base);

    let options = KnowledgeBaseOptions::default().chunk_tokens(16);
    let base = KnowledgeBase::open_with(dir.path(), embedder(), options).await.unwrap();
    let report = base.ingest(document(), quiet).await.unwrap();

    assert_eq!(report.updated, 1);
    assert!(base.len() > 5);
}

#[tokio::test]
async fn progress_tells_of_every_document_once() {
    let dir = corpus();
    write(dir.path(), "latin.txt", b"caf\xe9");
    let base = in_memory(Vec::new()).await;
    let told = Mutex::new(Vec::new());

    base.ingest_dir(dir.path(), |progress| told.lock().unwrap().push((progress.done, progress.total)))
        .await
        .unwrap();

    assert_eq!(told.into_inner().unwrap(), [(1, 3), (2, 3), (3, 3)]);
}

#[tokio::test]
async fn deleted_documents_are_gone() {
    let base = in_memory(vec![Document::new("a", "Apples."), Document::new("b", "Bananas.")]).await;
    let version = base.version();

    assert_eq!(base.delete(&["a".to_owned(), "unknown".to_owned()]).await.unwrap(), 1);

    assert!(found(&base, "apples").await.is_empty());
    assert_ne!(base.version(), version);
}

#[tokio::test]
async fn a_missing_directory_is_an_error_that_changes_nothing() {
    let base = in_memory(vec![Document::new("a", "Apples.")]).await;

    let error = base.ingest_dir("/no/such/directory", quiet).await.unwrap_err();

    assert_eq!(error.kind(), ErrorKind::Io);
    assert_eq!(base.documents(), 1);
}

#[tokio::test]
async fn failures_carry_the_source() {
    let base = in_memory(Vec::new()).await;

    let report = base.ingest_files(vec!["no/such/file.md".into()], quiet).await.unwrap();

    let [FailedDocument { source, .. }] = report.failed.as_slice() else { panic!("{report:?}") };
    assert_eq!(source, "no/such/file.md");
}

#[tokio::test]
async fn more_chunks_than_are_embedded_at_once_each_have_their_own_vector() {
    let options = KnowledgeBaseOptions::default().chunk_tokens(8);
    let base = KnowledgeBase::in_memory_with(embedder(), options).await.unwrap();
    let sentence =
        |index: usize| format!("Item w{index}x is about q{}y and z{}u.\n\n", index * 7, index * 13);

    base.ingest(vec![Document::new("a", (0..400).map(sentence).collect::<String>())], quiet).await.unwrap();

    assert_eq!(base.len(), 400);
    for index in [0, 127, 128, 129, 256, 399] {
        let passages = base.search(&Query::new(sentence(index)).k(1), SearchMode::Dense).await.unwrap();
        assert_eq!(passages[0].text, sentence(index));
    }
}
