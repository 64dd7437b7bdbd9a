use std::path::PathBuf;
use std::sync::Arc;

use futures::TryStreamExt;
use rushlight_models::{Encoded, Error as ModelError, KvCache, SavedPrefix};
use tokio::sync::oneshot;

use super::job::{Order, Purpose};
use super::model::{LocalLlm, Shared, WORKER, off_thread};
use super::options::KvReuse;
use super::prompt::encode_beginning;
use crate::llm::Prompt;
use crate::{Error, Result};

/// What prompts begin with, computed.
struct Beginning {
    tokens: Vec<u32>,
    cache: KvCache,
}

impl LocalLlm {
    /// Computes what prompts with these messages and tools begin with, as [`warm_up`](crate::Llm::warm_up) does, and
    /// writes its keys and values to a file, for [`load_prefix`](Self::load_prefix) in a later process. Gives the
    /// number of its tokens.
    ///
    /// The file holds the tokens, from which the text can be read, and takes about as many bytes as the memory for keys
    /// and values. It is put in its place, over another file, when it is whole.
    ///
    /// # Errors
    ///
    /// [`Error::Invalid`] if such prompts have no beginning in common, and for a model that computes on a GPU;
    /// [`Error::Io`] when the file cannot be written; and those of [`generate`](crate::Llm::generate).
    ///
    /// # Cancellation
    ///
    /// Dropping the future stops the computation within one pass; a file is written wholly or not at all.
    pub async fn save_prefix(&self, prompt: Prompt, path: impl Into<PathBuf> + Send) -> Result<usize> {
        let path = path.into();
        let Some(Beginning { tokens, cache }) = self.compute_beginning(prompt).await? else {
            return Err(Error::invalid(
                "prompt",
                "expected messages or tools that prompts begin with, got none",
            ));
        };
        let slot = Arc::clone(&self.slot);
        off_thread(move || {
            let shared = slot.loaded()?;
            SavedPrefix::write(&shared.model, &tokens, &cache, &path)
                .map_err(|error| shared.file_error("save a prefix to", error))?;
            Ok(tokens.len())
        })
        .await
    }

    /// Takes over what [`save_prefix`](Self::save_prefix) wrote, so that prompts that begin so need not compute it: they
    /// count it as `cached_tokens`. Gives the number of its tokens.
    ///
    /// It takes its place among what the model remembers: it counts against
    /// [`kv_budget`](super::LocalLlmOptions::kv_budget), and is forgotten when it was not used for longest.
    ///
    /// # Errors
    ///
    /// Nothing is loaded then. [`Error::Invalid`] for a prefix of another model, of another
    /// [`kv_type`](super::LocalLlmOptions::kv_type) or of another version, naming what differs, and for a model that uses
    /// nothing again or computes on a GPU; [`Error::Corrupt`] for a
    /// file that is cut short or changed; [`Error::ContextTooLong`] for more tokens than the context has;
    /// [`Error::Io`] when it cannot be read; [`Error::Overloaded`] when the queue is full; [`Error::Model`] when running
    /// generations leave no room for it.
    pub async fn load_prefix(&self, path: impl Into<PathBuf> + Send) -> Result<usize> {
        self.check_reuse()?;
        let (path, slot) = (path.into(), Arc::clone(&self.slot));
        let (done, outcome) = oneshot::channel();
        let (count, _shared) = off_thread(move || {
            let shared = slot.loaded()?;
            let saved = SavedPrefix::read(&shared.model, &path)
                .map_err(|error| shared.file_error("load a prefix from", error))?;
            let count = saved.tokens().len();
            shared.worker.submit(Order::Load { saved, done })?;
            // Whoever holds it keeps it loaded until the outcome is there.
            Ok((count, shared))
        })
        .await?;
        match outcome.await {
            Ok(outcome) => outcome.map_err(|error| Error::model(&self.slot.name, error)).map(|()| count),
            Err(_) => Err(Error::Stopped { what: WORKER }),
        }
    }

    /// Computes what prompts begin with; nothing if they have nothing in common.
    pub(super) async fn warm_up_beginning(&self, prompt: Prompt) -> Result<()> {
        self.check_reuse()?;
        self.compute_beginning(prompt).await.map(drop)
    }

    /// Refuses to compute what would not be used.
    fn check_reuse(&self) -> Result<()> {
        if self.slot.options.kv_reuse == KvReuse::Off {
            return Err(Error::invalid(
                "kv_reuse",
                "expected `prefix` or `chunks` for what is used again, got `off`",
            ));
        }
        Ok(())
    }

    async fn compute_beginning(&self, prompt: Prompt) -> Result<Option<Beginning>> {
        let slot = Arc::clone(&self.slot);
        let (kept, cache) = oneshot::channel();
        let started = off_thread(move || {
            let shared = slot.loaded()?;
            let tokens = encode_beginning(&shared.model, &prompt)
                .map_err(|error| Error::model(&shared.name, error))?;
            if tokens.is_empty() {
                return Ok(None);
            }
            let mut encoded = Encoded::default();
            encoded.tokens.clone_from(&tokens);
            // So that no later prompt waits for its grammar.
            shared.rules(&prompt)?;
            let deltas = shared.start(encoded, &prompt, Purpose::Keep(kept))?;
            Ok(Some((tokens, deltas)))
        });
        let Some((tokens, mut deltas)) = started.await? else {
            return Ok(None);
        };
        while deltas.try_next().await?.is_some() {}
        let cache = cache.await.map_err(|_| Error::Stopped { what: WORKER })?;
        Ok(Some(Beginning { tokens, cache }))
    }
}

impl Shared {
    fn file_error(&self, action: &'static str, error: ModelError) -> Error {
        match error {
            ModelError::Open { path, source } => Error::io(action, path, source),
            error => Error::model(&self.name, error),
        }
    }
}
