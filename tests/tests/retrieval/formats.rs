use std::fs;
use std::io::{Seek, SeekFrom, Write};
use std::path::Path;

use rushlight::retrieval::{IngestOptions, IngestReport, KnowledgeBaseOptions, SearchMode};
use rushlight::{KnowledgeBase, Passage, Query};

use super::{embedder, in_memory, quiet};

/// Writes a file as if it had been there for an hour.
fn write(dir: &Path, name: &str, text: impl AsRef<[u8]>) {
    let path = dir.join(name);
    fs::write(&path, text).unwrap();
    let hour_ago = std::time::SystemTime::now() - std::time::Duration::from_hours(1);
    fs::File::options().write(true).open(&path).unwrap().set_modified(hour_ago).unwrap();
}

/// Added, updated, unchanged, deleted, failed.
fn counts(report: &IngestReport) -> [usize; 5] {
    [report.added, report.updated, report.unchanged, report.deleted, report.failed.len()]
}

async fn best(base: &KnowledgeBase, question: &str) -> Passage {
    base.search(&Query::new(question).k(1), SearchMode::Lexical).await.unwrap().swap_remove(0)
}

#[tokio::test]
async fn files_of_every_format_are_found_and_a_bad_one_stops_nothing() {
    let dir = tempfile::tempdir().unwrap();
    write(dir.path(), "bees.html", "<title>Bees</title><nav>menu</nav><p>Bees dance.</p>");
    write(dir.path(), "moon.jsonl", "{\"text\":\"The moon pulls.\",\"year\":1969}\n");
    write(dir.path(), "walk.py", "def walk():\n    return 'steps'\n");
    write(dir.path(), "broken.pdf", "%PDF-1.4\nno more of it");
    write(dir.path(), "sea.txt", "The sea is deep.");
    write(dir.path(), "photo.png", [0, 1, 2]);
    let base = in_memory(Vec::new()).await;

    let report = base.ingest_dir(dir.path(), quiet).await.unwrap();

    assert_eq!(counts(&report), [4, 0, 0, 0, 1]);
    assert!(report.failed[0].reason.starts_with("the PDF is damaged: "), "{report:?}");
    assert_eq!(best(&base, "dance").await.text, "Bees dance.\n");
    assert_eq!(best(&base, "moon").await.metadata["year"], "1969");
    assert_eq!(best(&base, "steps").await.headings, ["def walk"]);
}

#[tokio::test]
async fn a_glob_chooses_files_and_leaves_what_else_is_stored() {
    let dir = tempfile::tempdir().unwrap();
    write(dir.path(), "a.md", "Apples.");
    write(dir.path(), "b.txt", "Bananas.");
    write(dir.path(), "Makefile", "all: cherries");
    let base = in_memory(Vec::new()).await;
    let ingest = async |glob: &str| {
        let options = IngestOptions::default().glob(glob.to_owned());
        counts(&base.ingest_dir_with(dir.path(), options, quiet).await.unwrap())
    };

    assert_eq!(ingest("*.md").await, [1, 0, 0, 0, 0]);
    assert_eq!(ingest("{Make*,*.txt}").await, [2, 0, 0, 0, 0]);
    assert_eq!(base.documents(), 3);
    fs::remove_file(dir.path().join("a.md")).unwrap();
    assert_eq!(ingest("*.txt").await, [0, 0, 1, 1, 0], "what is gone is removed, whatever the glob");
}

#[tokio::test]
async fn lines_are_followed_through_their_changes() {
    let dir = tempfile::tempdir().unwrap();
    let lines = |texts: &[(&str, &str)]| -> String {
        let lines = texts.iter().map(|(id, text)| format!("{{\"id\":\"{id}\",\"text\":\"{text}\"}}\n"));
        lines.collect::<Vec<_>>().concat()
    };
    let base = in_memory(Vec::new()).await;
    let again = async || counts(&base.ingest_dir(dir.path(), quiet).await.unwrap());
    write(dir.path(), "fruit.jsonl", lines(&[("a", "Apples."), ("b", "Bananas."), ("c", "Cherries.")]));

    assert_eq!(again().await, [3, 0, 0, 0, 0]);
    assert_eq!(again().await, [0, 0, 3, 0, 0]);

    write(dir.path(), "fruit.jsonl", lines(&[("a", "Apples."), ("b", "Blueberries."), ("d", "Dates.")]));
    assert_eq!(again().await, [1, 1, 1, 1, 0]);

    write(dir.path(), "fruit.jsonl", lines(&[("a", "Apricots.")]) + "no JSON\n");
    assert_eq!(again().await, [0, 1, 0, 0, 1], "what a file with bad lines may still hold is kept");
    assert_eq!(again().await, [0, 0, 1, 0, 1], "and it is read until it has none");

    fs::remove_file(dir.path().join("fruit.jsonl")).unwrap();
    assert_eq!(again().await, [0, 0, 0, 3, 0]);
}

#[tokio::test]
async fn a_line_that_is_too_long_is_refused_by_its_number() {
    let dir = tempfile::tempdir().unwrap();
    let long = format!("{{\"text\":\"{}\"}}", "x".repeat(1_000));
    write(dir.path(), "log.ndjson", format!("{long}\n{{\"text\":\"short\"}}\n{long}"));
    let options = KnowledgeBaseOptions::default().max_file_bytes(500);
    let base = KnowledgeBase::in_memory_with(embedder(), options).await.unwrap();

    let report = base.ingest_files(vec![dir.path().join("log.ndjson")], quiet).await.unwrap();

    assert_eq!(counts(&report), [1, 0, 0, 0, 2]);
    assert!(report.failed[0].source.ends_with("log.ndjson#1"), "{report:?}");
    assert!(report.failed[1].source.ends_with("log.ndjson#3"), "{report:?}");
    assert_eq!(report.failed[0].reason, "expected at most 500 bytes in a line, got more");
}

#[tokio::test]
async fn a_line_of_a_gigabyte_is_passed_over() {
    let dir = tempfile::tempdir().unwrap();
    for name in ["huge.jsonl", "huge.txt"] {
        let mut file = fs::File::create(dir.path().join(name)).unwrap();
        file.set_len(1 << 30).unwrap(); // takes no room on the disk
        file.seek(SeekFrom::End(0)).unwrap();
        file.write_all(b"\n{\"text\":\"small\"}\n").unwrap();
    }
    let base = in_memory(Vec::new()).await;

    let report = base.ingest_dir(dir.path(), quiet).await.unwrap();

    assert_eq!(counts(&report), [1, 0, 0, 0, 2]);
    assert_eq!(
        [&report.failed[0].reason, &report.failed[1].reason],
        [
            "expected at most 33554432 bytes in a line, got more",
            "expected at most 33554432 bytes, got 1073741842"
        ]
    );
}

#[tokio::test]
async fn code_is_cut_at_its_definitions() {
    let dir = tempfile::tempdir().unwrap();
    let method = |name: &str| {
        format!("    /// Does {name}.\n    fn {name}(&self) {{\n        {name}_body();\n    }}\n\n")
    };
    let methods: String = (0..40).map(|number| method(&format!("method{number}x"))).collect();
    write(dir.path(), "lib.rs", format!("use std;\n\nimpl Foo {{\n{methods}}}\n\nfn last() {{}}\n"));
    let options = KnowledgeBaseOptions::default().chunk_tokens(64);
    let base = KnowledgeBase::in_memory_with(embedder(), options).await.unwrap();

    base.ingest_dir(dir.path(), quiet).await.unwrap();

    let passage = best(&base, "method7x_body").await;
    assert_eq!(passage.headings[0], "impl Foo");
    assert!(passage.text.trim_start().starts_with("/// Does method"), "{passage:?}");
    assert!(passage.text.trim_end().ends_with('}'), "{passage:?}");
    assert_eq!(passage.title, "lib.rs");
}
