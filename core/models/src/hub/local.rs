use std::ffi::OsStr;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::download::Server;
use super::fetch;
use super::manifest::{KnownModel, ModelKind, known_models};
use super::source::{Mirror, Progress};
use crate::{Error, Result, checkpoint};

/// A model whose files are all on this machine.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct LocalModel {
    /// The manifest's name, or the file's or directory's name.
    pub name: String,
    /// What it is for.
    pub kind: ModelKind,
    /// The GGUF file of a language model, or its directory if that has safetensors; the directory of an embedder.
    pub path: PathBuf,
}

/// The models of this machine.
#[derive(Debug, Clone)]
pub struct Hub {
    home: PathBuf,
    server: Server,
    offline: bool,
}

impl Hub {
    /// The hub in `$RUSHLIGHT_HOME`, or in `rushlight` in the platform's cache directory.
    pub fn new() -> Result<Self> {
        let home = match variable("RUSHLIGHT_HOME") {
            Some(home) => PathBuf::from(home),
            None => cache_directory()
                .ok_or_else(|| {
                    Error::invalid("RUSHLIGHT_HOME", "not set, and this user has no cache directory")
                })?
                .join("rushlight"),
        };
        Ok(Self::at(home))
    }

    /// The hub in a directory, which need not exist yet. The other variables apply as in [`new`](Self::new).
    pub fn at(home: impl Into<PathBuf>) -> Self {
        let endpoint = variable("HF_ENDPOINT").unwrap_or_else(|| "https://huggingface.co".to_owned());
        let offline =
            variable("RUSHLIGHT_OFFLINE").is_some_and(|value| matches!(&*value, "1" | "true" | "yes"));
        Self { home: home.into(), server: Server::new(&endpoint, variable("HF_TOKEN")), offline }
    }

    /// Asks another server than `$HF_ENDPOINT`, without a token.
    #[must_use]
    pub fn endpoint(mut self, endpoint: &str) -> Self {
        self.server = Server::new(endpoint, None);
        self
    }

    /// Forbids or allows every fetch, whatever `$RUSHLIGHT_OFFLINE` says.
    #[must_use]
    pub fn offline(mut self, offline: bool) -> Self {
        self.offline = offline;
        self
    }

    /// The directory that holds `models/`.
    pub fn home(&self) -> &Path {
        &self.home
    }

    /// The directory of a named model, whether or not it is there.
    pub fn directory(&self, model: &KnownModel) -> PathBuf {
        self.home.join("models").join(model.name)
    }

    /// Finds a model by path or name; never fetches.
    ///
    /// An existing path wins over a name. A path is a GGUF file, a directory with one, or a directory with
    /// `model.safetensors` or an index of several such files: a language model if its `config.json` says so, otherwise an
    /// embedder. A named model counts as present when all its files have the manifest's sizes; the
    /// checksums were checked when they were fetched.
    pub fn resolve(&self, name_or_path: &str) -> Result<LocalModel> {
        let path = Path::new(name_or_path);
        if !name_or_path.is_empty() && path.exists() {
            return local(path);
        }
        let Some(model) = KnownModel::find(name_or_path) else { return Err(unknown(name_or_path)) };
        let directory = self.directory(model);
        match model.files.iter().find(|file| !is_present(&directory, file.name, file.size)) {
            None => Ok(self.present(model)),
            Some(_) => Err(Error::Missing {
                name: model.name.to_owned(),
                directory,
                how: format!("call `fetch(\"{}\")` once, {} MB", model.name, model.size() / 1_000_000),
            }),
        }
    }

    /// Finds a model as [`resolve`](Self::resolve) does, and fetches its files if they are missing: from the
    /// Hugging Face Hub, then from the mirrors in their order.
    ///
    /// A fetch that was interrupted goes on where it ended. A file gets its name only once its size and SHA-256
    /// are right, so a crash or a full disk leaves nothing that could be taken for a model. Of several processes
    /// that fetch the same model one does the work and the others wait. The error names every source's reason.
    pub fn fetch(
        &self,
        name_or_path: &str,
        mirrors: &[Arc<dyn Mirror>],
        progress: &dyn Progress,
    ) -> Result<LocalModel> {
        let model = match (self.resolve(name_or_path), KnownModel::find(name_or_path)) {
            (Err(Error::Missing { .. }), Some(model)) => model,
            (found_or_failed, _) => return found_or_failed,
        };
        if self.offline {
            return Err(Error::Offline { name: model.name.to_owned() });
        }
        fetch::fetch(model, &self.directory(model), &self.server, mirrors, progress)?;
        Ok(self.present(model))
    }

    fn present(&self, model: &KnownModel) -> LocalModel {
        let directory = self.directory(model);
        let path = match model.kind {
            ModelKind::LanguageModel => directory.join(model.files[0].name),
            ModelKind::Embedder => directory,
        };
        LocalModel { name: model.name.to_owned(), kind: model.kind, path }
    }
}

/// Whether a file has the size it should have.
pub(super) fn is_present(directory: &Path, name: &str, size: u64) -> bool {
    std::fs::metadata(directory.join(name)).is_ok_and(|found| found.is_file() && found.len() == size)
}

/// The model at an existing path.
fn local(path: &Path) -> Result<LocalModel> {
    let open = |source| Error::Open { path: path.to_owned(), source };
    let name = path.file_stem().or(path.file_name()).unwrap_or(OsStr::new("model"));
    let found = |kind, path: &Path| {
        Ok(LocalModel { name: name.to_string_lossy().into_owned(), kind, path: path.to_owned() })
    };
    if path.is_file() {
        return found(ModelKind::LanguageModel, path);
    }
    let is_language_model = checkpoint::is_language_model(path);
    if is_language_model || path.join("model.safetensors").is_file() {
        let kind = if is_language_model { ModelKind::LanguageModel } else { ModelKind::Embedder };
        let name = path.file_name().unwrap_or(name).to_string_lossy().into_owned();
        return Ok(LocalModel { name, kind, path: path.to_owned() });
    }
    let mut files = Vec::new();
    for entry in std::fs::read_dir(path).map_err(open)? {
        let file = entry.map_err(open)?.path();
        if file.extension().is_some_and(|extension| extension.eq_ignore_ascii_case("gguf")) {
            files.push(file);
        }
    }
    match &files[..] {
        [file] => found(ModelKind::LanguageModel, file),
        files => Err(Error::Format {
            path: path.to_owned(),
            message: format!(
                "expected `model.safetensors` or one `.gguf` file, got {} `.gguf` files",
                files.len()
            ),
        }),
    }
}

fn unknown(name: &str) -> Error {
    if name.to_ascii_lowercase().ends_with(".gguf") {
        return Error::Open { path: name.into(), source: std::io::ErrorKind::NotFound.into() };
    }
    let known: Vec<&str> = known_models().iter().map(|model| model.name).collect();
    Error::UnknownModel { name: name.to_owned(), known: known.join(", ") }
}

fn variable(name: &str) -> Option<String> {
    std::env::var(name).ok().filter(|value| !value.is_empty())
}

fn cache_directory() -> Option<PathBuf> {
    let absolute = |path: PathBuf| Some(path).filter(|path| path.is_absolute());
    let within_home = |rest: &str| std::env::home_dir().and_then(absolute).map(|home| home.join(rest));
    if cfg!(windows) {
        variable("LOCALAPPDATA").map(PathBuf::from).and_then(absolute)
    } else if cfg!(target_os = "macos") {
        within_home("Library/Caches")
    } else {
        variable("XDG_CACHE_HOME").map(PathBuf::from).and_then(absolute).or_else(|| within_home(".cache"))
    }
}

#[cfg(test)]
mod tests;
