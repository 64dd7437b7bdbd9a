use std::collections::{BTreeSet, HashSet};
use std::path::{Path, PathBuf};

use serde::Serialize;

use super::chunks::chunks;
use super::word_vectors::{self, WordVectors};
use crate::compare::Options;
use crate::evaluate::{Entry, entries};
use crate::failure::{Failure, Result};
use crate::workspace;

/// Real text of all sets.
#[derive(Debug)]
pub(super) struct Data {
    /// Pieces of a sentence or two, each once.
    pub(super) texts: Vec<String>,
    /// Questions, each once.
    pub(super) queries: Vec<String>,
    pub(super) documents: Vec<Document>,
    /// Vectors that others have computed, of words.
    pub(super) word_vectors: Option<WordVectors>,
}

/// A document as every engine gets it.
#[derive(Debug, Clone, Serialize)]
pub(super) struct Document {
    source: String,
    title: String,
    text: String,
}

impl Data {
    /// What is in `--data`, else in the shared data beside the repository, else in the examples' corpus.
    pub(super) fn read(options: &Options) -> Result<Self> {
        let root = workspace::root();
        let shared = root.join("../shared/data");
        let folder = match &options.data {
            Some(folder) => folder.clone(),
            None if shared.is_dir() => shared,
            None => root.join("examples/corpus"),
        };
        let mut documents = Vec::new();
        let mut queries = Vec::new();
        let files = workspace::files(&folder, |path| named(path, "corpus.jsonl"))?;
        let sets: BTreeSet<&Path> = files.iter().filter_map(|file| file.parent()).collect();
        for set in sets {
            let prefix = set.strip_prefix(&folder).unwrap_or(set).display().to_string();
            let read: Vec<Entry> = entries(set, "corpus.jsonl")?;
            documents.extend(read.into_iter().map(|Entry { id, title, text, .. }| Document {
                source: format!("{prefix}/{id}"),
                title,
                text,
            }));
            if !workspace::files(set, |path| named(path, "queries.jsonl"))?.is_empty() {
                let read: Vec<Entry> = entries(set, "queries.jsonl")?;
                queries.extend(read.into_iter().map(|question| question.text));
            }
        }
        if documents.is_empty() {
            for file in workspace::files(&folder, is_prose)? {
                let source = file.strip_prefix(&folder).unwrap_or(&file).display().to_string();
                documents.push(Document { source, title: String::new(), text: workspace::read(&file)? });
            }
        }
        Self::new(&folder, documents, queries)
    }

    fn new(folder: &Path, mut documents: Vec<Document>, queries: Vec<String>) -> Result<Self> {
        documents.retain(|document| !document.text.trim().is_empty());
        let texts = unique(documents.iter().flat_map(|document| chunks(&document.text)));
        if texts.is_empty() {
            return Err(Failure::new(format!(
                "`{}` has no sets, no Markdown and no text files",
                folder.display()
            )));
        }
        let mut queries = unique(queries.into_iter().map(|query| query.trim().to_owned()));
        if queries.is_empty() {
            queries = unique(texts.iter().filter_map(|text| question(text)));
        }
        let [texts_count, queries_count, documents_count] = [texts.len(), queries.len(), documents.len()];
        eprintln!(
            "`{}`: {documents_count} documents, {texts_count} chunks, {queries_count} questions",
            folder.display()
        );
        Ok(Self { texts, queries, documents, word_vectors: WordVectors::find(folder)? })
    }
}

fn is_prose(path: &Path) -> bool {
    workspace::is_text(path) && !word_vectors::is_named(path)
}

/// Each text once, in order, without empty ones.
fn unique(texts: impl Iterator<Item = String>) -> Vec<String> {
    let mut seen = HashSet::new();
    texts.filter(|text| !text.is_empty() && seen.insert(text.clone())).collect()
}

/// Some words from the middle of a text, where nobody has asked anything.
fn question(text: &str) -> Option<String> {
    let words: Vec<&str> = text.split_whitespace().collect();
    let start = words.len().checked_sub(8)? / 2;
    Some(words[start..start + 8].join(" "))
}

/// Whether a file has this name, packed or not.
fn named(path: &Path, name: &str) -> bool {
    path.file_name().and_then(|file| file.to_str()).is_some_and(|file| file.trim_end_matches(".gz") == name)
}

/// At most so many, evenly spread over all of them.
pub(super) fn spread<T: Clone>(all: &[T], most: usize) -> Vec<T> {
    let count = all.len().min(most);
    (0..count).map(|index| all[index * all.len() / count].clone()).collect()
}

/// A file with one JSON value a line.
pub(super) fn write_lines<T: Serialize>(path: PathBuf, values: &[T]) -> Result<PathBuf> {
    let lines: Vec<String> =
        values.iter().map(|value| serde_json::to_string(value).expect("texts are JSON")).collect();
    std::fs::write(&path, lines.join("\n")).map_err(|error| Failure::io("write", &path, &error))?;
    Ok(path)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_part_is_spread_over_the_whole() {
        let all: Vec<usize> = (0..10).collect();

        assert_eq!(spread(&all, 3), [0, 3, 6]);
        assert_eq!(spread(&all, 20), all);
        assert_eq!(spread(&all, 0), Vec::<usize>::new());
    }

    #[test]
    fn sets_files_and_questions_are_found_in_folders_of_folders() {
        let folder = tempfile::tempdir().expect("a folder can be made");
        let set = folder.path().join("bear/small");
        std::fs::create_dir_all(&set).expect("a folder can be made");
        let corpus = r#"{"_id": "1", "title": "t", "text": "The sea is calm."}"#;
        std::fs::write(set.join("corpus.jsonl"), format!("{corpus}\n{corpus}")).expect("it can be written");
        std::fs::write(set.join("queries.jsonl"), r#"{"_id": "q", "text": " Is it? "}"#).expect("it can be");

        let options = options_of(folder.path());
        let data = Data::read(&options).expect("it is a set");

        assert_eq!(data.documents.len(), 2);
        assert_eq!(data.documents[0].source, "bear/small/1");
        assert_eq!(data.texts, ["The sea is calm."]);
        assert_eq!(data.queries, ["Is it?"]);
    }

    #[test]
    fn without_sets_text_files_are_read_and_questions_made() {
        let folder = tempfile::tempdir().expect("a folder can be made");
        std::fs::write(folder.path().join("a.md"), "one two three four five six seven eight nine ten")
            .expect("it can be written");

        let data = Data::read(&options_of(folder.path())).expect("it has text");

        assert_eq!(data.queries, ["two three four five six seven eight nine"]);
    }

    fn options_of(folder: &Path) -> Options {
        #[derive(clap::Parser)]
        struct Program {
            #[command(flatten)]
            options: Options,
        }
        let folder = folder.to_str().expect("temporary folders have plain names");
        let program: Program = clap::Parser::parse_from(["compare", "retrieval", "--data", folder]);
        program.options
    }
}
