use std::fs;
use std::path::Path;
use std::sync::Mutex;
use std::time::Duration;

use rushlight::retrieval::{KnowledgeBaseOptions, SearchMode};
use rushlight::{Document, ErrorKind, HashedEmbedder, KnowledgeBase, Query};
use tokio::sync::Notify;

use super::{embedder, in_memory, quiet};

fn documents() -> Vec<Document> {
    let document = |index: usize| {
        let words = format!("Word{index} and \"more\" of it. ").repeat(60);
        let document = Document::new(format!("note {index}"), format!("# Note {index}\n\n{words}"));
        document.field("parity", (index % 2).to_string())
    };
    (0..30).map(document).collect()
}

async fn small_chunks() -> KnowledgeBase {
    let options = KnowledgeBaseOptions::default().chunk_tokens(40);
    KnowledgeBase::in_memory_with(embedder(), options).await.unwrap()
}

async fn exported(dir: &Path) -> (KnowledgeBase, std::path::PathBuf) {
    let options = KnowledgeBaseOptions::default().chunk_tokens(40);
    let base = KnowledgeBase::open_with(dir.join("store"), embedder(), options).await.unwrap();
    base.ingest(documents(), quiet).await.unwrap();
    base.delete(&["note 4".to_owned()]).await.unwrap();
    let file = dir.join("store.jsonl");
    base.export_to(&file, quiet).await.unwrap();
    (base, file)
}

/// What becomes of a line by its number from 0; nothing if it is left out.
type Damage = fn(usize, &str) -> Option<String>;

/// The lines of a file, of which each is changed by `change`.
fn changed(file: &Path, change: impl Fn(usize, &str) -> Option<String>) {
    let text = fs::read_to_string(file).unwrap();
    let lines = text.lines().enumerate().filter_map(|(number, line)| change(number, line));
    fs::write(file, lines.map(|line| line + "\n").collect::<String>()).unwrap();
}

#[tokio::test]
async fn an_import_finds_the_same_passages_with_the_same_scores() {
    let dir = tempfile::tempdir().unwrap();
    let (base, file) = exported(dir.path()).await;
    let copy = small_chunks().await;

    let report = copy.import_from(&file, quiet).await.unwrap();

    assert_eq!((report.added, report.chunks, copy.documents()), (29, base.len(), 29));
    for mode in [SearchMode::Hybrid, SearchMode::Dense, SearchMode::Lexical] {
        let query = Query::new("Word7 and more").k(50);
        assert_eq!(copy.search(&query, mode).await.unwrap(), base.search(&query, mode).await.unwrap());
    }
}

#[tokio::test]
async fn what_is_imported_need_neither_be_imported_nor_ingested_again() {
    let dir = tempfile::tempdir().unwrap();
    let (base, file) = exported(dir.path()).await;
    let copy = small_chunks().await;
    copy.import_from(&file, quiet).await.unwrap();
    let left: Vec<Document> =
        documents().into_iter().filter(|document| document.source != "note 4").collect();

    assert_eq!(copy.ingest(left, quiet).await.unwrap().unchanged, 29);
    let again = copy.import_from(&file, quiet).await.unwrap();
    assert_eq!((again.added, again.unchanged, again.chunks), (0, 29, 0));

    base.ingest(vec![Document::new("note 5", "It is new.")], quiet).await.unwrap();
    base.export_to(&file, quiet).await.unwrap();
    let newer = copy.import_from(&file, quiet).await.unwrap();
    assert_eq!((newer.added, newer.updated, newer.unchanged), (0, 1, 28));
}

#[tokio::test]
async fn the_file_of_a_store_can_be_read_by_others() {
    let dir = tempfile::tempdir().unwrap();
    let (base, file) = exported(dir.path()).await;

    let text = fs::read_to_string(file).unwrap();

    let lines: Vec<serde_json::Value> =
        text.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert_eq!(
        lines[0],
        serde_json::json!({
            "format": "rushlight-store",
            "version": 1,
            "embedder": "hashed-64",
            "dimensions": 64,
            "documents": 29,
        })
    );
    assert_eq!(lines.len(), 30);
    let chunks: Vec<_> = lines[1..].iter().flat_map(|line| line["chunks"].as_array().unwrap()).collect();
    assert_eq!(chunks.len(), base.len());
    // 256 bytes in Base64.
    assert!(chunks.iter().all(|chunk| chunk["vector"].as_str().unwrap().len() == 344));
    assert_eq!(lines[2]["metadata"], serde_json::json!({ "parity": "1" }));
}

#[tokio::test]
async fn vectors_of_another_embedder_or_version_are_refused_by_name() {
    let dir = tempfile::tempdir().unwrap();
    let (_, file) = exported(dir.path()).await;

    let other = KnowledgeBase::in_memory(HashedEmbedder::new(32)).await.unwrap();
    let error = other.import_from(&file, quiet).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Invalid);
    let expected = "expected vectors of `hashed-32` (32 dimensions), got vectors of `hashed-64` (64)";
    assert!(error.to_string().ends_with(expected), "{error}");

    changed(&file, |_, line| Some(line.replace("\"version\":1", "\"version\":2")));
    let error = small_chunks().await.import_from(&file, quiet).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Invalid);
    assert!(error.to_string().ends_with("expected format version 1 or older, got 2"), "{error}");
}

#[tokio::test]
async fn a_damaged_line_is_named_and_leaves_no_part_of_its_document() {
    let dir = tempfile::tempdir().unwrap();
    let (_, file) = exported(dir.path()).await;
    let whole = fs::read_to_string(&file).unwrap();
    let damages: [(Damage, &str); 5] = [
        (
            |number, line| Some(if number == 3 { line[..200].to_owned() } else { line.to_owned() }),
            "line 4: EOF",
        ),
        (
            |number, line| {
                Some(if number == 3 {
                    line.replace("\"vector\":\"", "\"vector\":\"AAAA")
                } else {
                    line.to_owned()
                })
            },
            "line 4: expected 64 finite numbers in Base64 as the vector of chunk 1",
        ),
        (
            |number, line| {
                Some(line.replacen(
                    "\"hash\":\"",
                    if number == 3 { "\"hash\":\"AAAA" } else { "\"hash\":\"" },
                    1,
                ))
            },
            "line 4: expected a hash of 32 bytes",
        ),
        (|number, line| (number < 7).then(|| line.to_owned()), "expected 29 documents, got 6"),
        (
            |_, line| Some(line.replace("rushlight-store", "another")),
            "expected the format `rushlight-store`, got `another`",
        ),
    ];
    for (damage, message) in damages {
        fs::write(&file, &whole).unwrap();
        changed(&file, damage);
        let copy = small_chunks().await;

        let error = copy.import_from(&file, quiet).await.unwrap_err();

        assert_eq!(error.kind(), ErrorKind::Corrupt, "{error}");
        assert!(error.to_string().contains(message), "{error}");
        let found = copy.search(&Query::new("Word3").k(100), SearchMode::Lexical).await.unwrap();
        assert!(found.iter().all(|passage| passage.source != "note 2"));
    }
    for (content, kind) in [("", ErrorKind::Corrupt), ("no JSON", ErrorKind::Corrupt)] {
        fs::write(&file, content).unwrap();
        assert_eq!(small_chunks().await.import_from(&file, quiet).await.unwrap_err().kind(), kind);
    }
    let missing = small_chunks().await.import_from(dir.path().join("missing"), quiet).await.unwrap_err();
    assert_eq!(missing.kind(), ErrorKind::Io);
}

#[tokio::test]
async fn an_export_that_fails_leaves_no_file_and_the_old_one_as_it_was() {
    let dir = tempfile::tempdir().unwrap();
    let (base, file) = exported(dir.path()).await;
    let before = fs::read(&file).unwrap();
    let in_the_way = dir.path().join("folder");
    fs::create_dir(&in_the_way).unwrap();
    fs::write(in_the_way.join("file"), "in the way").unwrap();

    assert_eq!(base.export_to(&in_the_way, quiet).await.unwrap_err().kind(), ErrorKind::Io);
    assert_eq!(
        base.export_to(dir.path().join("missing/file"), quiet).await.unwrap_err().kind(),
        ErrorKind::Io
    );

    let mut left: Vec<_> =
        fs::read_dir(dir.path()).unwrap().map(|entry| entry.unwrap().file_name()).collect();
    left.sort();
    assert_eq!(left, ["folder", "store", "store.jsonl"]);
    assert_eq!(fs::read(&file).unwrap(), before);
}

#[tokio::test]
async fn a_reader_exports_and_does_not_import() {
    let dir = tempfile::tempdir().unwrap();
    let (base, file) = exported(dir.path()).await;
    let options = KnowledgeBaseOptions::default();
    let reader = KnowledgeBase::open_read_only(dir.path().join("store"), embedder(), options).await.unwrap();
    let again = dir.path().join("again.jsonl");

    reader.export_to(&again, quiet).await.unwrap();

    assert_eq!(fs::read(&again).unwrap(), fs::read(&file).unwrap());
    assert_eq!(reader.import_from(&file, quiet).await.unwrap_err().kind(), ErrorKind::Io);
    drop(base);
}

#[tokio::test]
async fn an_export_and_an_import_tell_of_every_document() {
    let dir = tempfile::tempdir().unwrap();
    let (base, file) = exported(dir.path()).await;
    let copy = small_chunks().await;
    let (written, stored) = (Mutex::new(Vec::new()), Mutex::new(Vec::new()));

    base.export_to(&file, |step| written.lock().unwrap().push(step)).await.unwrap();
    copy.import_from(&file, |step| stored.lock().unwrap().push(step)).await.unwrap();

    let written = written.into_inner().unwrap();
    assert!((1..=29).eq(written.iter().map(|step| step.done)));
    assert!(written.iter().all(|step| step.total == 29));
    assert_eq!((written[0].source.as_str(), written[28].chunks), ("note 0", base.len()));
    assert_eq!(stored.into_inner().unwrap(), written);
}

#[tokio::test]
async fn an_export_that_is_dropped_leaves_no_file() {
    let folder = tempfile::tempdir().unwrap();
    // More than are written before anybody has heard of them.
    let notes = (0..300).map(|index| Document::new(format!("note {index}"), "A note.")).collect();
    let base = in_memory(notes).await;
    let first = Notify::new();

    tokio::select! {
        _ = base.export_to(folder.path().join("file"), |_| first.notify_one()) => panic!("nobody heard it out"),
        () = first.notified() => {}
    }

    while fs::read_dir(folder.path()).unwrap().count() > 0 {
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
}
