use std::sync::Arc;

use async_trait::async_trait;
use futures::{StreamExt, stream};
use rushlight_models::hub::{Hub, ModelKind};
use rushlight_models::{Encoded, Error as ModelError, LanguageModel, LoadOptions, ModelInfo};
use tokio::sync::mpsc::channel;

use super::counters::LocalLlmStats;
use super::job::{Job, Order, Purpose};
use super::options::{KvReuse, LocalLlmOptions};
use super::prompt::encode_chunks;
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

/// Bytes of keys and values when the options don't say.
const MOST_KV_BYTES: usize = 1 << 30;

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
#[derive(Debug, Clone)]
pub struct LocalLlm {
    pub(super) shared: Arc<Shared>,
}

#[derive(Debug)]
pub(super) struct Shared {
    pub(super) worker: Worker,
    pub(super) model: Arc<LanguageModel>,
    pub(super) name: String,
    pub(super) kv_reuse: KvReuse,
}

impl LocalLlm {
    /// Opens a model by its name in the [`hub`](crate::hub) or by the path of a GGUF file or of a folder with
    /// safetensors, with default options. Nothing is fetched.
    ///
    /// # Errors
    ///
    /// [`Error::Unknown`] for a name that nothing has; [`Error::Invalid`] for a model that is no language
    /// model, or an option out of its range; [`Error::Model`] when the model is not on this machine, or its
    /// file is damaged or of an unsupported kind.
    pub async fn open(name_or_path: &str) -> Result<Self> {
        Self::open_with(name_or_path, LocalLlmOptions::default()).await
    }

    /// Opens a model with these options.
    pub async fn open_with(name_or_path: &str, options: LocalLlmOptions) -> Result<Self> {
        let least_one =
            [("queue", Some(options.queue)), ("batch", Some(options.batch)), ("threads", options.threads)];
        for (option, value) in least_one {
            if value == Some(0) {
                return Err(Error::invalid(option, "expected at least 1, got 0"));
            }
        }
        let path = name_or_path.to_owned();
        off_thread(move || {
            let model = load(&path, &options).map_err(|error| Error::model(path, error))?;
            let info = model.info();
            // With chunks, answers differ.
            let reuse = match options.kv_reuse {
                KvReuse::Chunks(recomputed) => format!(" chunks {recomputed}"),
                KvReuse::Off | KvReuse::Prefix => String::new(),
            };
            // The size tells apart files that claim the same name.
            let name = format!("{} {} {}{reuse}", info.name, info.quantisation, info.size_bytes);
            let model = Arc::new(model);
            let worker = Worker::start(Arc::clone(&model), &name, &options)?;
            let kv_reuse = options.kv_reuse;
            Ok(Self { shared: Arc::new(Shared { worker, model, name, kv_reuse }) })
        })
        .await
    }

    /// What the model's file says about it.
    pub fn info(&self) -> &ModelInfo {
        self.shared.model.info()
    }

    /// What the model has done since it was opened.
    pub fn stats(&self) -> LocalLlmStats {
        self.shared.worker.stats()
    }
}

#[async_trait]
impl Llm for LocalLlm {
    async fn generate(&self, prompt: Prompt) -> Result<DeltaStream> {
        prompt.sampling.validate()?;
        let shared = Arc::clone(&self.shared);
        off_thread(move || {
            let chunks = match shared.kv_reuse {
                KvReuse::Chunks(_) => &prompt.chunks[..],
                KvReuse::Off | KvReuse::Prefix => &[],
            };
            let encoded = encode_chunks(&shared.model, &prompt, chunks)
                .map_err(|error| Error::model(&shared.name, error))?;
            shared.start(encoded, &prompt, Purpose::Answer)
        })
        .await
    }

    async fn warm_up(&self, prompt: Prompt) -> Result<()> {
        self.warm_up_beginning(prompt).await
    }

    fn context_window(&self) -> usize {
        self.info().context_length
    }

    fn count_tokens(&self, text: &str) -> Result<usize> {
        self.shared.model.tokenizer().count(text).map_err(|error| Error::model(&self.shared.name, error))
    }

    fn name(&self) -> &str {
        &self.shared.name
    }
}

impl Shared {
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
        let (deltas, received) = channel(UNREAD);
        self.worker.submit(Order::Compute(Job {
            tokens,
            chunks,
            purpose,
            priority: prompt.priority,
            sampling: prompt.sampling.clone(),
            max_output_tokens: prompt.max_output_tokens.unwrap_or(DEFAULT_OUTPUT).min(limit - got),
            stop: prompt.stop.clone(),
            tools: prompt.tools.iter().map(|tool| tool.name.clone()).collect(),
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

fn load(name_or_path: &str, options: &LocalLlmOptions) -> Result<LanguageModel, ModelError> {
    let found = Hub::new()?.resolve(name_or_path)?;
    if found.kind != ModelKind::LanguageModel {
        let message = format!("expected a language model, got an embedder: `{}`", found.name);
        return Err(ModelError::Invalid { what: "model".to_owned(), message });
    }
    let mut load = LoadOptions::default();
    load.device = options.device;
    load.context = options.context;
    load.kv_type = options.kv_type;
    load.kv_budget = Some(options.kv_budget.unwrap_or(MOST_KV_BYTES));
    LanguageModel::open(&found.path, &load)
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
