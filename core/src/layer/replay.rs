use std::fmt;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use async_trait::async_trait;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use futures::stream;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};

use super::difference::difference;
use super::entry::{self, FORMAT, Header, Input, json as value_of};
use super::failure::Failure;
use super::recorded::{TimedOutput, asked_of, context_of};
use crate::cache::{Cache, Entry, Key};
use crate::llm::{DeltaStream, Llm, Prompt, from_pieces};
use crate::message::{Message, ToolCall, ToolOutput, ToolSpec};
use crate::retrieval::{Passage, Query, Retriever};
use crate::session::SessionStore;
use crate::tools::{ToolContext, ToolRegistry};
use crate::{Error, Result};

/// What recorded runs were told, again: a model, tools, a retriever, a cache and a session store in one, without any of
/// them. [`AssistantBuilder::record`](crate::AssistantBuilder::record) writes the journal that it reads, and
/// [`Assistant::replay`](crate::Assistant::replay) makes the agent of it; an agent of other parts or instructions shows
/// what they change:
///
/// ```no_run
/// # async fn replay() -> rushlight::Result<()> {
/// use rushlight::{AgentExt, Assistant, Replay};
///
/// let replay = Replay::open("run.jsonl")?;
/// let assistant =
///     Assistant::builder(replay.clone()).tools(replay).instructions("You are short.").build()?;
/// let changed = assistant.ask("Why?").await;
/// # Ok(()) }
/// ```
///
/// Each entry of the journal is given once, to whoever asks what was asked then; so runs may be replayed in any order,
/// and at the same time. The first thing that is asked and not in the journal is [`Error::Diverged`], and so is everything
/// after it. What nobody waited for when it was recorded, at a deadline or because the reader had gone, ends with
/// [`Error::Stopped`]. Nothing is stored. Copies of the handle share the entries.
#[derive(Clone)]
pub struct Replay {
    path: Arc<PathBuf>,
    header: Arc<Header>,
    told: Arc<Mutex<Told>>,
}

struct Told {
    entries: Vec<Recording>,
    /// What was asked first that the journal does not have: its line and the difference.
    divergence: Option<(usize, String)>,
}

struct Recording {
    line: usize,
    entry: entry::Entry,
    is_given: bool,
}

impl Replay {
    /// Reads a journal.
    ///
    /// # Errors
    ///
    /// [`Error::Io`] for a file that cannot be read, and [`Error::Corrupt`], which names the line, for one that is cut,
    /// damaged or of another format.
    pub fn open(path: impl AsRef<Path>) -> Result<Self> {
        let path = path.as_ref();
        let text = fs::read_to_string(path).map_err(|error| Error::io("read", path, error))?;
        let mut lines = text.lines().zip(1..);
        let (first, line) = lines.next().unwrap_or(("", 1));
        let header: Header = parse(path, line, first)?;
        if header.journal != FORMAT {
            let message = format!("line 1: expected a journal of format {FORMAT}, got {}", header.journal);
            return Err(Error::Corrupt { path: path.to_owned(), message });
        }
        let recording =
            |(text, line)| Ok(Recording { line, entry: parse(path, line, text)?, is_given: false });
        let entries = lines.map(recording).collect::<Result<_>>()?;
        let told = Arc::new(Mutex::new(Told { entries, divergence: None }));
        Ok(Self { path: Arc::new(path.to_owned()), header: Arc::new(header), told })
    }

    /// What was said about the agent when the journal was begun.
    pub(crate) fn about<T: DeserializeOwned>(&self) -> Result<T> {
        self.read(1, self.header.about.clone())
    }

    /// The events of the agent that was asked this, and how it failed if it did.
    pub(crate) fn events<T: DeserializeOwned>(&self, asked: &Value) -> Result<(Vec<T>, Option<Error>)> {
        let (line, entry) = self.next(Input::Events, asked)?;
        let events: Option<Vec<T>> = self.read(line, entry.gave)?;
        Ok((events.unwrap_or_default(), entry.failed.map(Failure::error)))
    }

    /// What was given to whoever asked this, and how it failed if it did.
    fn next(&self, input: Input, asked: &Value) -> Result<(usize, entry::Entry)> {
        let asked = written(asked)?;
        let mut told = self.held();
        if told.divergence.is_none() {
            match told.find(input, &asked) {
                Some(found) => return Ok(found),
                None => told.divergence = Some(told.nearest(input, &asked)),
            }
        }
        let (line, message) = told.divergence.clone().unwrap_or_default();
        Err(Error::Diverged { path: PathBuf::clone(&self.path), line, message })
    }

    /// The value that was given to whoever asked this, or the error.
    fn value<T: DeserializeOwned>(&self, input: Input, asked: &Value) -> Result<T> {
        let (line, entry) = self.next(input, asked)?;
        match entry.failed {
            Some(failure) => Err(failure.error()),
            None => self.read(line, entry.gave),
        }
    }

    /// A value that was given; what is told by nobody may have been asked more often than it is in the journal.
    fn known<T: DeserializeOwned + Default>(&self, input: Input, asked: &Value) -> T {
        let found = self.value(input, asked);
        found.unwrap_or_else(|error| {
            tracing::warn!(error = error.chain(), "the replay has nothing to give");
            T::default()
        })
    }

    fn read<T: DeserializeOwned>(&self, line: usize, gave: Value) -> Result<T> {
        serde_json::from_value(gave).map_err(|error| corrupt(&self.path, line, &error.to_string()))
    }

    fn held(&self) -> MutexGuard<'_, Told> {
        self.told.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Told {
    /// The first entry of this kind that was not given yet. A run that waits for another one to answer asks the cache
    /// again, and whether it waits is a matter of time: where nothing is left, the cache says what it said last.
    fn find(&mut self, input: Input, asked: &Value) -> Option<(usize, entry::Entry)> {
        let is_it = |recording: &Recording| recording.entry.input == input && recording.entry.asked == *asked;
        let next = self.entries.iter().position(|recording| !recording.is_given && is_it(recording));
        let last = || self.entries.iter().rposition(is_it).filter(|_| input == Input::CacheEntry);
        let found = next.or_else(last)?;
        let found = &mut self.entries[found];
        found.is_given = true;
        Some((found.line, found.entry.clone()))
    }

    /// The line that should have been asked for, and how it differs.
    fn nearest(&self, input: Input, asked: &Value) -> (usize, String) {
        let mut left = self.entries.iter().filter(|recording| !recording.is_given);
        let name = input.name();
        if let Some(next) = left.find(|recording| recording.entry.input == input) {
            return (next.line, format!("`{name}`: {}", difference(&next.entry.asked, asked)));
        }
        let end = self.entries.last().map_or(1, |last| last.line);
        (end, format!("`{name}`: expected no more of them, {}", difference(&Value::Null, asked)))
    }
}

impl fmt::Debug for Replay {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("Replay").field("path", &self.path).finish_non_exhaustive()
    }
}

fn parse<T: DeserializeOwned>(path: &Path, line: usize, text: &str) -> Result<T> {
    serde_json::from_str(text).map_err(|error| corrupt(path, line, &error.to_string()))
}

/// `mistake` may name a line of its own: the first of one.
fn corrupt(path: &Path, line: usize, mistake: &str) -> Error {
    let mistake = mistake.replace(" at line 1 column ", " at column ");
    Error::Corrupt { path: path.to_owned(), message: format!("line {line}: {mistake}") }
}

/// A value as it would be read from the journal.
fn written(value: &Value) -> Result<Value> {
    serde_json::from_str(&value.to_string()).map_err(|error| entry::unwritable(error.into()))
}

#[async_trait]
#[deny(clippy::missing_trait_methods)]
impl Llm for Replay {
    async fn generate(&self, prompt: Prompt) -> Result<DeltaStream> {
        let (line, entry) = self.next(Input::Generation, &value_of(&prompt)?)?;
        let pieces: Option<Vec<Value>> = self.read(line, entry.gave)?;
        let end = match (&pieces, entry.failed) {
            (None, Some(failure)) => return Err(failure.error()),
            (_, failed) => failed.map(|failure| Err(failure.error())),
        };
        let pieces = pieces.into_iter().flatten().map(Ok).chain(end);
        Ok(from_pieces("the journal", stream::iter(pieces.collect::<Vec<_>>())))
    }

    async fn warm_up(&self, _prompt: Prompt) -> Result<()> {
        Ok(())
    }

    fn context_window(&self) -> usize {
        self.header.context_window
    }

    fn count_tokens(&self, text: &str) -> Result<usize> {
        self.value(Input::TokenCount, &json!(text))
    }

    fn name(&self) -> &str {
        &self.header.model
    }
}

#[async_trait]
#[deny(clippy::missing_trait_methods)]
impl ToolRegistry for Replay {
    fn specs(&self) -> Vec<ToolSpec> {
        self.known(Input::Tools, &context_of(&ToolContext::new()))
    }

    async fn invoke(&self, call: &ToolCall) -> Result<ToolOutput> {
        self.invoke_for(call, &ToolContext::new()).await
    }

    async fn specs_for(&self, context: &ToolContext) -> Result<Vec<ToolSpec>> {
        self.value(Input::Tools, &context_of(context))
    }

    async fn invoke_for(&self, call: &ToolCall, context: &ToolContext) -> Result<ToolOutput> {
        self.value(Input::ToolOutput, &asked_of(call, context)).map(TimedOutput::output)
    }
}

#[async_trait]
#[deny(clippy::missing_trait_methods)]
impl Retriever for Replay {
    async fn retrieve(&self, query: &Query) -> Result<Vec<Passage>> {
        self.value(Input::Passages, &value_of(query)?)
    }

    fn version(&self) -> u64 {
        self.known(Input::Version, &Value::Null)
    }
}

#[async_trait]
#[deny(clippy::missing_trait_methods)]
impl Cache for Replay {
    async fn get(&self, key: &Key) -> Result<Option<Entry>> {
        let (line, entry) = self.next(Input::CacheEntry, &json!(key.to_hex()))?;
        if let Some(failure) = entry.failed {
            return Err(failure.error());
        }
        let text: Option<String> = self.read(line, entry.gave)?;
        let bytes = text.map(|text| STANDARD.decode(text)).transpose();
        Ok(bytes.map_err(|error| corrupt(&self.path, line, &error.to_string()))?.map(Entry::new))
    }

    async fn put(&self, _key: &Key, _entry: Entry) -> Result<()> {
        Ok(())
    }

    async fn remove(&self, _key: &Key) -> Result<()> {
        Ok(())
    }
}

#[async_trait]
#[deny(clippy::missing_trait_methods)]
impl SessionStore for Replay {
    async fn load(&self, session: &str) -> Result<Vec<Message>> {
        self.value(Input::History, &json!(session))
    }

    async fn append(&self, session: &str, messages: Vec<Message>) -> Result<()> {
        self.value(Input::Remembered, &json!({"session": session, "messages": messages}))
    }

    async fn forget(&self, _session: &str) -> Result<()> {
        Ok(())
    }
}
