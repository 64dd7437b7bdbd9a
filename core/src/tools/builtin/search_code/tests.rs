use std::fs;

use proptest::prelude::*;
use serde_json::{Value, json};
use tempfile::TempDir;

use super::*;
use crate::{Tool, ToolCall};

fn workspace(files: &[(&str, &str)]) -> TempDir {
    let dir = tempfile::tempdir().unwrap();
    for (path, text) in files {
        let path = dir.path().join(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    }
    dir
}

const FILES: [(&str, &str); 8] = [
    ("src/main.rs", "mod parser;\n\nfn main() {\n    parser::parse();\n}\n"),
    ("src/parser.rs", "/// Parses.\npub fn parse() {}\n"),
    ("README.md", "How to parse a.b files\n"),
    (".gitignore", "/build\n*.log\n"),
    ("build/out.rs", "fn parse() {}\n"),
    ("run.log", "parse\n"),
    (".env", "PARSE_KEY=secret\n"),
    (".git/config", "parse = secret\n"),
];

fn options() -> SearchCodeOptions {
    SearchCodeOptions::default().context_lines(0)
}

async fn outcome(dir: &TempDir, options: SearchCodeOptions, arguments: Value) -> Result<String, String> {
    let tool = search_code(dir.path(), options).unwrap();
    let value = tool.invoke(&ToolCall::new("1", "search_code", arguments)).await;
    value.map_err(|error| error.chain().replace("tool `search_code` failed: ", ""))
}

async fn found(dir: &TempDir, arguments: Value) -> String {
    outcome(dir, options(), arguments).await.unwrap()
}

#[tokio::test]
async fn hits_are_lines_by_path_and_ignored_files_are_left_out() {
    let dir = workspace(&FILES);

    assert_eq!(
        found(&dir, json!({"query": "parse"})).await,
        "README.md:1:How to parse a.b files\nsrc/main.rs:1:mod parser;\nsrc/main.rs:4:    parser::parse();\n\
         src/parser.rs:1:/// Parses.\nsrc/parser.rs:2:pub fn parse() {}\n"
    );
    assert_eq!(found(&dir, json!({"query": "Parse"})).await, "src/parser.rs:1:/// Parses.\n");
    assert_eq!(found(&dir, json!({"query": "secret"})).await, "nothing found for `secret`");
}

#[tokio::test]
async fn a_text_is_no_expression_unless_asked_for() {
    let dir = workspace(&[("a.txt", "axb\na.b\n(\n")]);
    let regex = |query: &str| json!({"query": query, "mode": "regex"});

    assert_eq!(found(&dir, json!({"query": "a.b"})).await, "a.txt:2:a.b\n");
    assert_eq!(found(&dir, json!({"query": "("})).await, "a.txt:3:(\n");
    assert_eq!(found(&dir, regex("a.b")).await, "a.txt:1:axb\na.txt:2:a.b\n");
    assert_eq!(found(&dir, regex("^a\\.b$")).await, "a.txt:2:a.b\n");
    for wrong in ["(", "a\nb", "(?<x>a)\\k<x>", "a{1000}{1000}{1000}"] {
        let refused = outcome(&dir, options(), regex(wrong)).await.unwrap_err();
        assert!(refused.starts_with("expected a regular expression for one line, got `"), "{refused}");
    }
    let empty = outcome(&dir, options(), json!({"query": ""})).await.unwrap_err();
    assert_eq!(empty, "expected a query of 1 to 1000 bytes, got 0");
}

#[tokio::test]
async fn an_expression_that_would_explode_elsewhere_takes_no_time() {
    let dir = workspace(&[("a.txt", &"a".repeat(30_000))]);

    assert_eq!(
        found(&dir, json!({"query": "(a*)*(a|aa)+$b", "mode": "regex"})).await,
        "nothing found for `(a*)*(a|aa)+$b`"
    );
}

#[tokio::test]
async fn a_glob_chooses_among_the_files_that_are_left() {
    let dir = workspace(&FILES);
    let paths = async |glob: &str| {
        let text = found(&dir, json!({"query": "parse", "glob": glob})).await;
        let mut paths: Vec<String> =
            text.lines().filter_map(|line| line.split_once(':')).map(|(path, _)| path.to_owned()).collect();
        paths.dedup();
        paths
    };

    assert_eq!(paths("*.rs").await, ["src/main.rs", "src/parser.rs"]);
    assert_eq!(paths("src/*").await, ["src/main.rs", "src/parser.rs"]);
    assert_eq!(paths("*.{md,toml}").await, ["README.md"]);
    assert_eq!(paths("!*.rs").await, ["README.md"]);
    let refused = outcome(&dir, options(), json!({"query": "a", "glob": "a[" })).await.unwrap_err();
    assert!(refused.starts_with("expected a glob, got `a[`: "), "{refused}");
}

#[tokio::test]
async fn a_glob_that_no_file_matches_is_left_aside_and_the_output_says_so() {
    let dir = workspace(&FILES);
    let found = async |query: &str, glob: &str| found(&dir, json!({"query": query, "glob": glob})).await;

    for glob in ["*.py", "build/**", ".env", "/etc/**", "../**"] {
        let expected = format!("no file matches `{glob}`; in all files:\nsrc/parser.rs:1:/// Parses.\n");
        assert_eq!(found("Parses", glob).await, expected);
    }
    assert_eq!(
        found("secret", "*.py").await,
        "no file matches `*.py`; in all files:\nnothing found for `secret`"
    );
    assert_eq!(found("Parses", "*.md").await, "nothing found for `Parses`");
}

#[tokio::test]
async fn lines_around_a_hit_are_marked_by_dashes() {
    let dir = workspace(&[("a.txt", "1\n2\nhit\n4\n5\n6\n7\nhit\nhit\n")]);

    let text = outcome(&dir, options().context_lines(1), json!({"query": "hit"})).await.unwrap();

    assert_eq!(text, "a.txt-2-2\na.txt:3:hit\na.txt-4-4\n--\na.txt-7-7\na.txt:8:hit\na.txt:9:hit\n");
}

#[tokio::test]
async fn no_more_is_given_than_allowed_and_the_output_says_so() {
    let dir = workspace(&[("a.txt", &"hit\n".repeat(100)), ("b.txt", "hit\n")]);
    let long = workspace(&[("a.txt", &format!("{}hit\nhit\n", "é".repeat(1000)))]);

    let few = outcome(&dir, options().max_hits(2), json!({"query": "hit"})).await.unwrap();
    let exact = outcome(&dir, options().max_hits(101), json!({"query": "hit"})).await.unwrap();
    let small = outcome(&dir, options().max_output_bytes(30), json!({"query": "hit"})).await.unwrap();
    let cut = found(&long, json!({"query": "hit"})).await;

    assert_eq!(few, "a.txt:1:hit\na.txt:2:hit\n[the first 2 hits; there are more]");
    assert!(exact.ends_with("b.txt:1:hit\n"), "{exact}");
    assert_eq!(small, "a.txt:1:hit\na.txt:2:hit\na.txt:3:hit\n[the first 3 hits; there are more]");
    assert_eq!(cut, format!("a.txt:1:{}…\na.txt:2:hit\n", "é".repeat(150)));
    for (name, none) in
        [("max_hits", options().max_hits(0)), ("max_output_bytes", options().max_output_bytes(0))]
    {
        let refused = search_code(dir.path(), none).unwrap_err().to_string();
        assert_eq!(refused, format!("invalid `{name}`: expected more than 0, got 0"));
    }
}

#[tokio::test]
async fn files_that_are_binary_or_too_large_are_left_out_and_other_encodings_shown_as_they_can() {
    let dir = workspace(&[("big.txt", &"hit\n".repeat(100))]);
    fs::write(dir.path().join("image.bin"), b"hit\nhit\n\0\0").unwrap();
    fs::write(dir.path().join("latin.txt"), b"caf\xe9 hit\r\n").unwrap();

    let text = outcome(&dir, options().max_file_bytes(399), json!({"query": "hit"})).await.unwrap();

    assert_eq!(text, "latin.txt:1:caf\u{fffd} hit\n");
}

#[tokio::test]
async fn hidden_files_are_searched_where_that_is_allowed_but_not_those_of_git() {
    let dir = workspace(&FILES);

    let text = outcome(&dir, options().hidden(true), json!({"query": "secret"})).await.unwrap();

    assert_eq!(text, ".env:1:PARSE_KEY=secret\n");
}

#[cfg(unix)]
#[tokio::test]
async fn links_and_pipes_are_not_searched() {
    let dir = workspace(&[("root/a.txt", "hit\n"), ("outside/b.txt", "hit\n")]);
    let root = dir.path().join("root");
    std::os::unix::fs::symlink("../outside", root.join("folder")).unwrap();
    std::os::unix::fs::symlink("../outside/b.txt", root.join("file.txt")).unwrap();
    assert!(std::process::Command::new("mkfifo").arg(root.join("pipe")).status().unwrap().success());
    let tool = search_code(root, options()).unwrap();

    let text = tool.invoke(&ToolCall::new("1", "search_code", json!({"query": "hit"}))).await.unwrap();

    assert_eq!(text, "a.txt:1:hit\n");
}

#[test]
fn a_search_that_nobody_waits_for_ends() {
    let dir = workspace(&[("a.txt", "hit\n"), ("b.txt", "hit\n")]);
    let workspace = Workspace::open(dir.path(), false).unwrap();
    let arguments = Arguments { query: "hit".to_owned(), mode: None, glob: None };
    let asked = std::cell::Cell::new(0);
    let once = || asked.replace(asked.get() + 1) == 0;

    let text = search(&workspace, &arguments, &options(), &once).unwrap();

    assert_eq!(text, "a.txt:1:hit\n");
}

proptest! {
    #[test]
    fn any_query_and_glob_has_an_outcome(query in "\\PC{0,30}", glob in "\\PC{0,10}", is_regex: bool) {
        let dir = workspace(&FILES[..3]);
        let workspace = Workspace::open(dir.path(), false).unwrap();
        let mode = Some(if is_regex { Mode::Regex } else { Mode::Text });
        let arguments = Arguments { query, mode, glob: Some(glob) };

        let _ = search(&workspace, &arguments, &options(), &|| true);
    }

    #[test]
    fn a_text_is_found_where_a_plain_search_finds_it(query in "[a-z(){}.:; ]{1,4}") {
        let dir = workspace(&FILES[..3]);
        let workspace = Workspace::open(dir.path(), false).unwrap();
        let arguments = Arguments { query: query.clone(), mode: None, glob: None };
        let expected = FILES[..3].iter().flat_map(|(_, text)| text.lines());
        let expected = expected.filter(|line| line.to_lowercase().contains(&query)).count();

        let text = search(&workspace, &arguments, &options(), &|| true).unwrap();

        let hits = if text.starts_with("nothing found") { 0 } else { text.lines().count() };
        prop_assert_eq!(hits, expected);
    }
}
