//! Models with random weights that are small enough to lie in the repository.

use std::fs::{self, File};
use std::io;
use std::path::{Path, PathBuf};

use flate2::read::GzDecoder;
use serde::Deserialize;
use serde_json::Value;
use tempfile::TempDir;

use super::fixture;

/// What `tiny/logits.json` holds.
#[derive(Debug, Deserialize)]
struct Recorded {
    runs: Vec<Run>,
}

/// A prompt and the logits that other programs compute after some of its tokens.
#[derive(Debug, Deserialize)]
pub(crate) struct Run {
    /// The name of the model's folder.
    model: String,
    /// The context length that was asked for.
    pub(crate) context: usize,
    /// The prompt.
    pub(crate) ids: Vec<u32>,
    /// The tokens, from 0, after which the logits were recorded.
    pub(crate) positions: Vec<usize>,
    /// The logits at each position.
    pub(crate) logits: Vec<Vec<f32>>,
}

/// The recorded runs of a model.
pub(crate) fn runs(model: &str) -> Vec<Run> {
    let text = fs::read(fixture("tiny/logits.json")).unwrap();
    let recorded: Recorded = serde_json::from_slice(&text).unwrap();
    let runs: Vec<Run> = recorded.runs.into_iter().filter(|run| run.model == model).collect();
    assert!(!runs.is_empty(), "nothing is recorded of `{model}`");
    runs
}

/// A model as a GGUF file, in a directory that goes with the guard.
pub(crate) fn gguf(model: &str) -> (TempDir, PathBuf) {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join(format!("{model}.gguf"));
    let packed = File::open(fixture(&format!("tiny/{model}.gguf.gz"))).unwrap();
    io::copy(&mut GzDecoder::new(packed), &mut File::create(&path).unwrap()).unwrap();
    (directory, path)
}

/// A model as the Hugging Face Hub has it, in a folder that goes with the guard and may be changed.
pub(crate) fn folder(model: &str) -> TempDir {
    let directory = tempfile::tempdir().unwrap();
    for part in [model, "tokenizer"] {
        copy(&fixture("tiny").join(part), directory.path());
    }
    directory
}

fn copy(from: &Path, to: &Path) {
    for entry in fs::read_dir(from).unwrap() {
        let file = entry.unwrap();
        fs::copy(file.path(), to.join(file.file_name())).unwrap();
    }
}

/// Changes a JSON file of a folder.
pub(crate) fn edit(folder: &Path, file: &str, change: impl FnOnce(&mut Value)) {
    let path = folder.join(file);
    let mut value = serde_json::from_slice(&fs::read(&path).unwrap()).unwrap();
    change(&mut value);
    fs::write(&path, serde_json::to_vec(&value).unwrap()).unwrap();
}
