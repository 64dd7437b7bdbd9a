use std::fmt;
use std::fs::{File, OpenOptions};
use std::io::Write;
#[cfg(unix)]
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

use serde::Serialize;
use serde_json::Value;

use super::Recorded;
use super::entry::{Entry, FORMAT, Header, Input, json, unwritable};
use super::failure::Failure;
use crate::llm::Llm;
use crate::{Error, Result};

/// A file that keeps what runs are told from outside of them: JSON Lines, a header and then an entry for each input,
/// in the order in which they ended. Copies of the handle write into the same file.
#[derive(Clone)]
pub(crate) struct Journal {
    path: PathBuf,
    file: Arc<Mutex<File>>,
}

impl Journal {
    /// Starts a journal, in place of a file that is there, of an agent with this model; `about` tells what else it is.
    pub(crate) fn create(path: &Path, llm: &dyn Llm, about: &impl Serialize) -> Result<Self> {
        let file = create_private(path).map_err(|error| Error::io("write", path, error))?;
        let journal = Self { path: path.to_owned(), file: Arc::new(Mutex::new(file)) };
        let (model, context_window) = (llm.name().to_owned(), llm.context_window());
        journal.write(&Header { journal: FORMAT, model, context_window, about: json(about)? })?;
        Ok(journal)
    }

    /// A part whose answers are written down.
    pub(crate) fn record<P>(&self, part: P) -> Recorded<P> {
        Recorded::new(part, self.clone())
    }

    /// Begins the entry of an agent's events.
    pub(crate) fn begin_events(&self, asked: Value) -> Pending {
        self.begin(Input::Events, asked)
    }

    /// Begins an entry, which is written when it has an end.
    pub(super) fn begin(&self, input: Input, asked: Value) -> Pending {
        let entry = Entry { input, asked, gave: Value::Null, failed: None };
        Pending { journal: self.clone(), entry: Some(entry) }
    }

    fn write(&self, line: &impl Serialize) -> Result<()> {
        let mut bytes = serde_json::to_vec(line).map_err(|error| unwritable(error.into()))?;
        bytes.push(b'\n');
        let mut file = self.file.lock().unwrap_or_else(PoisonError::into_inner);
        file.write_all(&bytes).map_err(|error| Error::io("write", &self.path, error))
    }
}

impl fmt::Debug for Journal {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_tuple("Journal").field(&self.path).finish()
    }
}

/// A new file for the eyes of its owner, where the system knows such: questions and answers stand in it.
fn create_private(path: &Path) -> std::io::Result<File> {
    let mut options = OpenOptions::new();
    options.write(true).create(true).truncate(true);
    #[cfg(unix)]
    options.mode(0o600);
    options.open(path)
}

/// An entry without an end. Dropped, it ends as one that nobody waited for.
#[derive(Debug)]
pub(crate) struct Pending {
    journal: Journal,
    entry: Option<Entry>,
}

impl Pending {
    /// Adds a piece of what is given.
    pub(crate) fn piece(&mut self, piece: Value) {
        if let Some(entry) = &mut self.entry {
            match &mut entry.gave {
                Value::Array(pieces) => pieces.push(piece),
                gave => *gave = Value::Array(vec![piece]),
            }
        }
    }

    /// Writes the entry with what its pieces were.
    pub(crate) fn end(&mut self) -> Result<()> {
        self.finish(None)
    }

    /// Writes the entry with what was given.
    pub(super) fn give(&mut self, gave: Value) -> Result<()> {
        if let Some(entry) = &mut self.entry {
            entry.gave = gave;
        }
        self.finish(None)
    }

    /// Writes the entry as one that failed.
    pub(crate) fn fail(&mut self, error: &Error) -> Result<()> {
        self.finish(Some(Failure::new(error)))
    }

    fn finish(&mut self, failed: Option<Failure>) -> Result<()> {
        match self.entry.take() {
            Some(entry) => self.journal.write(&Entry { failed, ..entry }),
            None => Ok(()),
        }
    }
}

impl Drop for Pending {
    fn drop(&mut self) {
        if let Err(error) = self.finish(Some(Failure::abandoned())) {
            tracing::warn!(error = error.chain(), "the journal lacks an input");
        }
    }
}
