//! The scenarios of ingestion that all languages share: `scenarios/ingestion/*.json`.
//!
//! With `RUSHLIGHT_UPDATE_SCENARIOS=1` what happened is written into the files instead of compared.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Mutex;

use rushlight::retrieval::{IngestOptions, IngestProgress, IngestReport, SearchMode};
use rushlight::{Document, KnowledgeBase, Query, Retriever};
use serde::{Deserialize, Serialize};

use super::embedder;

#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Scenario {
    name: String,
    steps: Vec<Step>,
}

/// One step, with what it gives. Sources of files are their paths below the scenario's folder.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "step", rename_all = "snake_case", deny_unknown_fields)]
enum Step {
    Write {
        files: BTreeMap<String, String>,
    },
    Remove {
        files: Vec<String>,
    },
    IngestDir {
        #[serde(default, skip_serializing_if = "Option::is_none")]
        glob: Option<String>,
        #[serde(default)]
        report: IngestReport,
        /// The sources of which the progress tells, in order.
        #[serde(default)]
        told: Vec<String>,
    },
    Ingest {
        documents: Vec<Document>,
        #[serde(default)]
        report: IngestReport,
        #[serde(default)]
        told: Vec<String>,
    },
    Delete {
        sources: Vec<String>,
        #[serde(default)]
        deleted: usize,
    },
    Search {
        query: Query,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        mode: Option<SearchMode>,
        /// The ids of the passages, best first.
        #[serde(default)]
        found: Vec<String>,
    },
}

/// Where a scenario plays.
struct Stage {
    folder: PathBuf,
    base: KnowledgeBase,
}

impl Stage {
    /// A step as it went.
    async fn play(&self, step: Step) -> Step {
        match step {
            Step::Write { files } => {
                for (name, text) in &files {
                    let path = self.folder.join(name);
                    fs::create_dir_all(path.parent().unwrap()).unwrap();
                    fs::write(path, text).unwrap();
                }
                Step::Write { files }
            }
            Step::Remove { files } => {
                for name in &files {
                    fs::remove_file(self.folder.join(name)).unwrap();
                }
                Step::Remove { files }
            }
            Step::IngestDir { glob, .. } => {
                let options = glob.iter().cloned().fold(IngestOptions::default(), IngestOptions::glob);
                let told = Mutex::new(Vec::new());
                let tell = |step: IngestProgress| told.lock().unwrap().push(self.below(&step.source));
                let report = self.base.ingest_dir_with(&self.folder, options, tell).await.unwrap();
                Step::IngestDir { glob, report: self.shortened(report), told: told.into_inner().unwrap() }
            }
            Step::Ingest { documents, .. } => {
                let told = Mutex::new(Vec::new());
                let tell = |step: IngestProgress| told.lock().unwrap().push(step.source);
                let report = self.base.ingest(documents.clone(), tell).await.unwrap();
                Step::Ingest { documents, report, told: told.into_inner().unwrap() }
            }
            Step::Delete { sources, .. } => {
                let deleted = self.base.delete(&sources).await.unwrap();
                Step::Delete { sources, deleted }
            }
            Step::Search { query, mode, .. } => {
                let passages = match mode {
                    Some(mode) => self.base.search(&query, mode).await.unwrap(),
                    None => self.base.retrieve(&query).await.unwrap(),
                };
                let found = passages.iter().map(|passage| self.below(&passage.id)).collect();
                Step::Search { query, mode, found }
            }
        }
    }

    /// A source or id without the folder.
    fn below(&self, source: &str) -> String {
        let folder = format!("{}/", self.folder.display());
        source.strip_prefix(&folder).unwrap_or(source).to_owned()
    }

    fn shortened(&self, mut report: IngestReport) -> IngestReport {
        for failed in &mut report.failed {
            failed.source = self.below(&failed.source);
        }
        report
    }
}

async fn play(path: &Path, update: bool) {
    let mut scenario: Scenario = serde_json::from_str(&fs::read_to_string(path).unwrap())
        .unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    let folder = tempfile::tempdir().unwrap();
    let base = KnowledgeBase::in_memory(embedder()).await.unwrap();
    let stage = Stage { folder: folder.path().to_owned(), base };
    for (number, step) in scenario.steps.iter_mut().enumerate() {
        let happened = stage.play(step.clone()).await;
        if !update {
            assert_eq!(happened, *step, "{}, step {}", path.display(), number + 1);
        }
        *step = happened;
    }
    if update {
        fs::write(path, serde_json::to_string_pretty(&scenario).unwrap() + "\n").unwrap();
    }
}

#[tokio::test]
async fn every_scenario_of_ingestion_goes_as_its_file_says() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("scenarios/ingestion");
    let mut files: Vec<PathBuf> = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    files.sort();
    let update = std::env::var_os("RUSHLIGHT_UPDATE_SCENARIOS").is_some_and(|value| value == "1");

    assert!(!files.is_empty());
    for file in files {
        play(&file, update).await;
    }
}
