use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use futures::{StreamExt, stream};
use rushlight_models::{
    Device, Encoded, Error as ModelError, LanguageModel, LoadProgress, MemoryEstimate, ModelInfo,
};
use tokio::sync::mpsc::channel;

use super::counters::{LocalLlmStats, LocalLlmStatus};
use super::files::Files;
use super::job::{Job, Order, Purpose};
use super::memory::Plan;
use super::options::{KvReuse, LocalLlmOptions};
use super::prompt::encode_chunks;
use super::rules::{RuleMaker, Rules};
use super::slot::Slot;
use super::worker::Worker;
use crate::llm::prompt::next_call_number;
use crate::llm::{Delta, DeltaStream, Llm, Prompt};
use crate::{Error, Result};

pub(super) const WORKER: &str = "the model's thread";

/// Tokens of an answer when the prompt does not say.
const DEFAULT_OUTPUT: usize = 4096;
/// Deltas that wait for their reader. As long as an answer is by default, so that a reader who pauses does not
/// hold up the model for everybody; beyond it the model waits.
const UNREAD: usize = 4096;

/// A language model in this process. Copies of the handle share it; the last one to go, streams included,
/// ends its thread and frees it.
///
/// One thread owns the computation. It computes up to [`batch`](LocalLlmOptions::batch) generations together, which
/// share each pass through the weights; up to [`queue`](LocalLlmOptions::queue) more wait, those of the highest
/// [`Priority`](crate::Priority) first, then in the order of their arrival. A generation's text does not depend on the others. What a prompt has in common with the beginning of an
/// earlier one is not computed again, and counts as `cached_tokens`.
///
/// # Cancellation
///
/// Dropping the stream stops its generation within one forward pass: a token of each, and up to 128 tokens of a prompt.
/// [`stats`](LocalLlm::stats) shows it.
///
/// # Memory
///
/// [`unload`](LocalLlm::unload), a rest of [`unload_after`](LocalLlmOptions::unload_after), or a
/// [`ModelRegistry`](super::ModelRegistry) that needs the room, gives back what a loaded model takes: weights, keys and
/// values, buffers and threads. The next question loads it again.
#[derive(Debug, Clone)]
pub struct LocalLlm {
    pub(super) slot: Arc<Slot>,
}

/// A loaded model and the thread that owns its computation.
#[derive(Debug)]
pub(super) struct Shared {
    pub(super) worker: Worker,
    pub(super) model: Arc<LanguageModel>,
    pub(super) draft: Option<Arc<LanguageModel>>,
    pub(super) name: String,
    pub(super) kv_reuse: KvReuse,
    pub(super) constrain_calls: bool,
    pub(super) rules: RuleMaker,
}

impl LocalLlm {
    /// Opens a model by its name in the [`hub`](crate::hub) or by the path of a GGUF file or of a folder with
    /// safetensors, with default options. Nothing is fetched.
    ///
    /// # Errors
    ///
    /// [`Error::Unknown`] for a name that nothing has; [`Error::Invalid`] for a model that is no language
    /// model, an option out of its range, a draft model with another vocabulary, or a device that is not there or not
    /// built in; [`Error::Model`] when the model is not on this machine, or its file is damaged or of an unsupported kind.
    pub async fn open(name_or_path: &str) -> Result<Self> {
        Self::open_with(name_or_path, LocalLlmOptions::default()).await
    }

    /// Opens a model with these options.
    pub async fn open_with(name_or_path: &str, options: LocalLlmOptions) -> Result<Self> {
        Self::open_with_progress(name_or_path, options, |_| ()).await
    }

    /// Opens a model with these options; `progress` is told how far it is, and holds it up while it runs.
    pub async fn open_with_progress(
        name_or_path: &str,
        options: LocalLlmOptions,
        progress: impl Fn(&LoadProgress<'_>) + Send + 'static,
    ) -> Result<Self> {
        let name_or_path = name_or_path.to_owned();
        off_thread(move || {
            let files = Files::find(&name_or_path, &options)?;
            let slot = Arc::new(Slot::new(&files.model, options, None));
            slot.loaded_with_progress(Some(files), &progress)?;
            Ok(Self { slot })
        })
        .await
    }

    /// The model that has this place.
    pub(super) fn at(slot: Arc<Slot>) -> Self {
        Self { slot }
    }

    /// What a model's file says about it, by its name in the [`hub`](crate::hub) or by its path: nothing is loaded.
    pub async fn inspect(name_or_path: &str) -> Result<ModelInfo> {
        let name_or_path = name_or_path.to_owned();
        let options = LocalLlmOptions::default();
        off_thread(move || Ok(Files::find(&name_or_path, &options)?.model.info().clone())).await
    }

    /// What a model would take of memory with these options, with its draft model if it has one, read from the headers of
    /// the files: nothing is loaded.
    ///
    /// # Errors
    ///
    /// Those of [`open`](Self::open) about names, headers and options, and [`Error::Invalid`] if it is more than the
    /// options' memory budget.
    pub async fn estimate_memory(name_or_path: &str, options: LocalLlmOptions) -> Result<MemoryEstimate> {
        let name_or_path = name_or_path.to_owned();
        off_thread(move || {
            let files = Files::find(&name_or_path, &options)?;
            let plan = Plan::new(&files, &options).map_err(|error| Error::model(name_or_path, error))?;
            Ok(plan.memory)
        })
        .await
    }

    /// What the model's file says about it; the context length is that of the options, if they had one.
    pub fn info(&self) -> &ModelInfo {
        &self.slot.info
    }

    /// Where it computes: what [`Device::Auto`] has found when it was loaded the last time, if that was asked for.
    pub fn device(&self) -> Device {
        self.slot.state().device
    }

    /// What the model has done since it was opened.
    pub fn stats(&self) -> LocalLlmStats {
        self.slot.counters.read()
    }

    /// Whether the model is in memory, and what computes it.
    pub fn status(&self) -> LocalLlmStatus {
        let state = self.slot.state();
        let loaded = state.loaded();
        let models =
            || loaded.iter().flat_map(|shared| [Some(&shared.model), shared.draft.as_ref()]).flatten();
        LocalLlmStatus {
            is_loaded: loaded.is_some(),
            loads: state.loads,
            load_ms: u64::try_from(state.load_time.as_millis()).unwrap_or(u64::MAX),
            threads: loaded.map_or(0, |shared| shared.worker.threads()),
            kernels: loaded.map(|shared| shared.model.kernels()),
            draft_model: loaded.and_then(|shared| Some(shared.draft.as_ref()?.info().name.clone())),
            kv_budget: models().filter_map(|model| model.kv_budget()).sum(),
            kv_used: models().map(|model| model.kv_used_bytes()).sum(),
        }
    }

    /// Gives back the memory and the threads of the model, as soon as the generations under way have ended. The next
    /// question loads it again; what earlier ones computed is forgotten. Does nothing to a model that is not loaded.
    ///
    /// # Cancellation
    ///
    /// Dropping the future changes nothing: the model is unloaded all the same.
    pub async fn unload(&self) -> Result<()> {
        let slot = Arc::clone(&self.slot);
        off_thread(move || {
            slot.unload();
            Ok(())
        })
        .await
    }

    /// Loads the model if it is not loaded, so that the next question need not wait for it.
    pub async fn load(&self) -> Result<()> {
        let slot = Arc::clone(&self.slot);
        off_thread(move || slot.loaded().map(drop)).await
    }

    /// Keeps the model, once it is loaded, in memory for this long from now: neither rest nor a registry unloads it. A
    /// later call replaces an earlier one, so that zero ends it.
    pub fn pin_for(&self, duration: Duration) {
        self.slot.pin_for(duration);
    }
}

#[async_trait]
impl Llm for LocalLlm {
    async fn generate(&self, prompt: Prompt) -> Result<DeltaStream> {
        prompt.validate()?;
        let slot = Arc::clone(&self.slot);
        off_thread(move || slot.loaded()?.answer(&prompt)).await
    }

    async fn warm_up(&self, prompt: Prompt) -> Result<()> {
        self.warm_up_beginning(prompt).await
    }

    fn context_window(&self) -> usize {
        self.info().context_length
    }

    fn count_tokens(&self, text: &str) -> Result<usize> {
        self.slot.tokenizer()?.count(text).map_err(|error| Error::model(&self.slot.name, error))
    }

    fn name(&self) -> &str {
        &self.slot.name
    }
}

impl Shared {
    fn answer(self: Arc<Self>, prompt: &Prompt) -> Result<DeltaStream> {
        let chunks = match self.kv_reuse {
            KvReuse::Chunks(_) => &prompt.chunks[..],
            KvReuse::Off | KvReuse::Prefix => &[],
        };
        let encoded =
            encode_chunks(&self.model, prompt, chunks).map_err(|error| Error::model(&self.name, error))?;
        self.start(encoded, prompt, Purpose::Answer)
    }

    /// Starts to compute the tokens of a prompt.
    pub(super) fn start(
        self: Arc<Self>,
        encoded: Encoded,
        prompt: &Prompt,
        purpose: Purpose,
    ) -> Result<DeltaStream> {
        let Encoded { tokens, chunks, .. } = encoded;
        let (limit, got) = (self.model.info().context_length, tokens.len());
        if got > limit {
            return Err(Error::ContextTooLong { limit, got });
        }
        self.check_budget(got)?;
        let rules = match purpose {
            Purpose::Answer => self.rules(prompt)?,
            Purpose::Keep(_) => Rules::default(),
        };
        let (deltas, received) = channel(UNREAD);
        self.worker.submit(Order::Compute(Job {
            tokens,
            chunks,
            purpose,
            priority: prompt.priority,
            sampling: prompt.sampling.clone(),
            max_output_tokens: prompt.max_output_tokens.unwrap_or(DEFAULT_OUTPUT).min(limit - got),
            stop: prompt.stop.clone(),
            tools: prompt.offered_tools().iter().map(|tool| tool.name.clone()).collect(),
            rules,
            next_call: next_call_number(&prompt.messages),
            deltas,
        }))?;
        // The stream keeps the model alive until it is dropped or at its end.
        let stream = stream::unfold(Some((received, self)), async |state| {
            let (mut received, shared) = state?;
            match received.recv().await {
                Some(delta) => {
                    let is_last = matches!(delta, Err(_) | Ok(Delta::Done { .. }));
                    Some((delta, (!is_last).then_some((received, shared))))
                }
                None => Some((Err(Error::Stopped { what: WORKER }), None)),
            }
        });
        Ok(stream.boxed())
    }

    /// What the answer to a prompt is held to.
    pub(super) fn rules(&self, prompt: &Prompt) -> Result<Rules> {
        let rules = self.rules.make(&self.model, prompt, self.constrain_calls);
        rules.map_err(|error| Error::model(&self.name, error))
    }

    /// Refuses a prompt that would never fit the memory for keys and values.
    fn check_budget(&self, tokens: usize) -> Result<()> {
        let Some(limit) = self.model.kv_budget() else {
            return Ok(());
        };
        let wanted = self.model.new_cache().growth_bytes(tokens);
        if wanted > limit {
            return Err(Error::model(&self.name, ModelError::KvBudget { limit, used: 0, wanted }));
        }
        Ok(())
    }
}

/// Runs work that takes a while, and no turn of the model, away from the async threads.
pub(super) async fn off_thread<T: Send + 'static>(
    work: impl FnOnce() -> Result<T> + Send + 'static,
) -> Result<T> {
    match tokio::task::spawn_blocking(work).await {
        Ok(outcome) => outcome,
        Err(_) => Err(Error::Stopped { what: "the model" }),
    }
}
