use std::fmt::Debug;
use std::path::Path;

use super::manifest::{KnownModel, ModelFile};
use crate::Result;

/// How far the fetch of one file is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct FetchProgress<'a> {
    /// The model's name.
    pub model: &'a str,
    /// The file's name.
    pub file: &'a str,
    /// Where it comes from: `Hugging Face Hub` or a mirror's name.
    pub source: &'a str,
    /// Bytes on disk so far, those of an earlier attempt included.
    pub done: u64,
    /// Bytes of the whole file.
    pub total: u64,
}

impl<'a> FetchProgress<'a> {
    /// Progress of `file` of `model`, with `done` bytes there.
    pub fn new(model: &'a KnownModel, file: &'a ModelFile, source: &'a str, done: u64) -> Self {
        Self { model: model.name, file: file.name, source, done, total: file.size }
    }
}

/// Someone who watches a fetch.
pub trait Progress: Send + Sync {
    /// Is called when a source begins, every few hundred kilobytes, and when a file is complete and checked.
    /// It blocks the download while it runs.
    fn update(&self, progress: &FetchProgress<'_>);

    /// Is called when a source failed and the next one is tried.
    fn source_failed(&self, source: &str, reason: &str) {
        let _ = (source, reason);
    }

    /// Is asked often; once true, the fetch ends with an error and can be resumed later.
    fn cancelled(&self) -> bool {
        false
    }
}

/// Nobody watches.
#[derive(Debug, Clone, Copy, Default)]
pub struct Quiet;

impl Progress for Quiet {
    fn update(&self, _: &FetchProgress<'_>) {}
}

impl<F: Fn(&FetchProgress<'_>) + Send + Sync> Progress for F {
    fn update(&self, progress: &FetchProgress<'_>) {
        self(progress);
    }
}

/// Another place that may have a model's files, configured by the caller.
///
/// A mirror is not trusted: what it delivers is checked against the manifest's size and SHA-256.
pub trait Mirror: Debug + Send + Sync {
    /// A name for progress and errors.
    fn name(&self) -> &str;

    /// Writes the whole of `file` to `to`.
    ///
    /// `to` may hold the beginning of the file from an earlier attempt; the mirror may continue or overwrite it.
    /// A mirror that does not carry the file says so with an error, and the next one is asked.
    fn fetch(&self, model: &KnownModel, file: &ModelFile, to: &Path, progress: &dyn Progress) -> Result<()>;
}
