use std::fmt::Write;
use std::fs::{File, OpenOptions, TryLockError};
use std::io::{ErrorKind, Read};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use sha2::{Digest, Sha256};

use super::download::{Failure, SERVER_NAME, Server};
use super::local::is_present;
use super::manifest::{KnownModel, ModelFile};
use super::source::{FetchProgress, Mirror, Progress};
use crate::{Error, Result};

/// Fetches what is missing of a model. One process at a time works on a model's directory.
pub(super) fn fetch(
    model: &KnownModel,
    directory: &Path,
    server: &Server,
    mirrors: &[Arc<dyn Mirror>],
    progress: &dyn Progress,
) -> Result<()> {
    std::fs::create_dir_all(directory).map_err(open(directory))?;
    let _lock = lock(model, directory, progress)?;
    for file in model.files {
        // Another process may have brought it while we waited for the lock.
        if !is_present(directory, file.name, file.size) {
            let job = Job { model, file, path: directory.join(file.name), progress };
            job.run(server, mirrors)?;
        }
    }
    Ok(())
}

fn open(path: &Path) -> impl FnOnce(std::io::Error) -> Error {
    let path = path.to_owned();
    move |source| Error::Open { path, source }
}

/// Waits until no other process fetches this model. The lock ends with the file.
fn lock(model: &KnownModel, directory: &Path, progress: &dyn Progress) -> Result<File> {
    let path = directory.join(".lock");
    let file = OpenOptions::new().create(true).append(true).open(&path).map_err(open(&path))?;
    loop {
        match file.try_lock() {
            Ok(()) => return Ok(file),
            Err(TryLockError::WouldBlock) if progress.cancelled() => {
                return Err(cancelled(model.files[0].name));
            }
            Err(TryLockError::WouldBlock) => std::thread::sleep(Duration::from_millis(100)),
            // A file system without locks, as some network ones are.
            Err(TryLockError::Error(error)) if error.kind() == ErrorKind::Unsupported => return Ok(file),
            Err(TryLockError::Error(source)) => return Err(Error::Open { path, source }),
        }
    }
}

fn cancelled(file: &str) -> Error {
    let message = "cancelled; the next fetch goes on from here".to_owned();
    Error::Download { file: file.to_owned(), message }
}

/// One file that is to be fetched.
struct Job<'a> {
    model: &'a KnownModel,
    file: &'a ModelFile,
    path: PathBuf,
    progress: &'a dyn Progress,
}

/// Where a file can come from.
enum Source<'a> {
    Server(&'a Server),
    Mirror(&'a dyn Mirror),
}

impl Source<'_> {
    fn name(&self) -> &str {
        match self {
            Self::Server(_) => SERVER_NAME,
            Self::Mirror(mirror) => mirror.name(),
        }
    }
}

impl Job<'_> {
    fn run(&self, server: &Server, mirrors: &[Arc<dyn Mirror>]) -> Result<()> {
        let parent = self.path.parent().unwrap_or(&self.path);
        std::fs::create_dir_all(parent).map_err(open(parent))?;
        let sources = std::iter::once(Source::Server(server));
        let (mut reasons, mut wrong) = (Vec::new(), Vec::new());
        for source in sources.chain(mirrors.iter().map(|mirror| Source::Mirror(&**mirror))) {
            if self.progress.cancelled() {
                return Err(cancelled(self.file.name));
            }
            let Err(failure) = self.from(&source) else { return Ok(()) };
            let reason = match failure {
                Failure::Local(error) => return Err(open(&self.path)(error)),
                Failure::Cancelled => return Err(cancelled(self.file.name)),
                Failure::Source(reason) => reason,
                Failure::Wrong(error) => {
                    let reason = error.to_string();
                    wrong.push(error);
                    reason
                }
            };
            self.progress.source_failed(source.name(), &reason);
            reasons.push(format!("{}: {reason}", source.name()));
        }
        match wrong.pop() {
            Some(error) if reasons.len() == 1 => Err(error),
            _ => Err(Error::Download { file: self.file.name.to_owned(), message: reasons.join("; ") }),
        }
    }

    /// Fetches from one source; a second time from the beginning if what another source left was wrong.
    fn from(&self, source: &Source<'_>) -> Result<(), Failure> {
        let part = self.part();
        let continued = std::fs::metadata(&part).is_ok_and(|found| found.len() > 0);
        self.receive(source, &part)?;
        match self.complete(&part, source.name()) {
            Err(Failure::Wrong(_)) if continued => {
                self.receive(source, &part)?;
                self.complete(&part, source.name())
            }
            result => result,
        }
    }

    fn receive(&self, source: &Source<'_>, part: &Path) -> Result<(), Failure> {
        match source {
            Source::Server(server) => server.download(self.model, self.file, part, self.progress),
            Source::Mirror(mirror) => {
                let fetched = mirror.fetch(self.model, self.file, part, self.progress);
                fetched.map_err(|error| {
                    if self.progress.cancelled() {
                        Failure::Cancelled
                    } else {
                        Failure::Source(with_causes(&error))
                    }
                })
            }
        }
    }

    /// Gives the file its name if it is the right one, and deletes it if it is not.
    fn complete(&self, part: &Path, source: &str) -> Result<(), Failure> {
        let found = match std::fs::metadata(part) {
            Ok(found) => found.len(),
            Err(error) if error.kind() == ErrorKind::NotFound => {
                return Err(Failure::Source("delivered nothing".to_owned()));
            }
            Err(error) => return Err(Failure::Local(error)),
        };
        let wrong = if found == self.file.size {
            let sha256 = sha256(part).map_err(Failure::Local)?;
            (sha256 != self.file.sha256).then(|| Error::Checksum {
                file: self.file.name.to_owned(),
                expected: self.file.sha256.to_owned(),
                found: sha256,
            })
        } else {
            let message = format!("expected {} bytes, got {found}", self.file.size);
            Some(Error::Download { file: self.file.name.to_owned(), message })
        };
        if let Some(wrong) = wrong {
            std::fs::remove_file(part).map_err(Failure::Local)?;
            return Err(Failure::Wrong(wrong));
        }
        std::fs::rename(part, &self.path).map_err(Failure::Local)?;
        self.progress.update(&FetchProgress::new(self.model, self.file, source, self.file.size));
        Ok(())
    }

    fn part(&self) -> PathBuf {
        let mut name = self.path.clone().into_os_string();
        name.push(".part");
        name.into()
    }
}

/// An error and what caused it, in one line.
fn with_causes(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(inner) = cause {
        let _ = write!(text, ": {inner}");
        cause = inner.source();
    }
    text
}

fn sha256(path: &Path) -> std::io::Result<String> {
    let mut file = File::open(path)?;
    let mut hash = Sha256::new();
    let mut block = vec![0; 1024 * 1024];
    loop {
        let count = file.read(&mut block)?;
        if count == 0 {
            break;
        }
        hash.update(&block[..count]);
    }
    let mut text = String::with_capacity(64);
    for byte in hash.finalize() {
        let _ = write!(text, "{byte:02x}");
    }
    Ok(text)
}

#[cfg(test)]
mod tests;
