use std::time::Duration;

use rushlight_models::{Device, KvType, ModelInfo};
use serde::{Deserialize, Serialize};

use crate::setters::setters;
use crate::{Error, Result, duration};

/// What of earlier prompts is used again.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum KvReuse {
    /// Nothing: every prompt is computed from its first token, and nothing is remembered.
    Off,
    /// What prompts have in common from their beginning, which changes no answer.
    #[default]
    Prefix,
    /// That, and [`chunks`](crate::Prompt::chunks) wherever they stand: each is computed once by itself and put in its place
    /// in later prompts; only this number of its first tokens, and what stands between chunks, is computed there (EPIC,
    /// arXiv 2410.15332). Answers come sooner, and may be worse: tokens of a chunk have not seen what stands before it.
    /// Beside the prompt's, there must be memory for its largest chunk. Refused on a GPU.
    Chunks(usize),
}

/// How a [`LocalLlm`](super::LocalLlm) is set up.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
#[non_exhaustive]
pub struct LocalLlmOptions {
    /// Where the model computes. Default [`Device::Auto`].
    pub device: Device,
    /// Tokens that prompt and answer may have together, at most what the model's file says. Default: what
    /// the file says.
    pub context: Option<usize>,
    /// Threads that compute for this model. Default: one for each core.
    pub threads: Option<usize>,
    /// Generations that may wait; one more is refused with [`Error::Overloaded`](crate::Error::Overloaded). As many whose
    /// readers are behind are kept beside those that are computed. Default 100.
    pub queue: usize,
    /// Generations that are computed together; further ones wait. Together they take hardly longer than one alone,
    /// but each takes memory. Default 8.
    pub batch: usize,
    /// How the keys and values of tokens are kept in memory. Default [`KvType::F16`].
    pub kv_type: KvType,
    /// Bytes that the keys and values of all tokens may take together: those of running generations and those that are
    /// kept because a later prompt may begin alike. Default: a quarter of the memory that is free beside the weights (or of
    /// what they leave of the memory budget), at most what `2 × batch` whole contexts take. On a GPU that says how
    /// much is free, that counts; it is taken when the model is loaded.
    pub kv_budget: Option<usize>,
    /// What of earlier prompts is used again. Default [`KvReuse::Prefix`].
    pub kv_reuse: KvReuse,
    /// Bytes that the model may take of memory, by [`LocalLlm::estimate_memory`](super::LocalLlm::estimate_memory); one
    /// that would take more is not loaded. Default: no limit.
    pub memory_budget: Option<usize>,
    /// After how much time without a question the weights, the keys and values and the threads are given back; the next
    /// question loads the model again. Looked at four times within it, so up to a quarter later. Default: never.
    #[serde(with = "duration::optional")]
    pub unload_after: Option<Duration>,
    /// Devices among which each layer is split. There is only one: more are refused. Default 1.
    pub tensor_parallel: usize,
    /// Whether the next tokens are guessed from earlier ones of the prompt and the answer, and of the model's earlier answers
    /// to whomever, and then computed together. That changes no text, only when it comes: whoever measures it may learn that
    /// somebody was answered alike. [`KvReuse::Off`] leaves earlier answers out, and forgets them. Default true.
    pub speculation: bool,
    /// A small model that guesses the next tokens where earlier ones say nothing about them, by its name in the
    /// [`hub`](crate::hub) or its path. It has the vocabulary of the model, is loaded beside it, and computes on the same
    /// device; what it takes of memory counts against the same budgets. Before a pass of the model up to 16 passes of it
    /// come. It rests while its guesses take more than they save, judged by the sizes of both. Default: none.
    pub draft_model: Option<String>,
    /// Whether a call that the model begins to write is held to the tools' names and parameters, so that it cannot be
    /// wrong; what it says before and behind is free. A call that [must be](crate::ToolChoice::Required) is always held.
    /// Default true.
    pub constrain_calls: bool,
}

setters!(LocalLlmOptions {
    device: Device,
    queue: usize,
    batch: usize,
    kv_type: KvType,
    kv_reuse: KvReuse,
    tensor_parallel: usize,
    speculation: bool,
    constrain_calls: bool;
    context: usize,
    threads: usize,
    kv_budget: usize,
    memory_budget: usize,
    unload_after: Duration,
    draft_model: String
});

impl Default for LocalLlmOptions {
    fn default() -> Self {
        Self {
            device: Device::default(),
            context: None,
            threads: None,
            queue: 100,
            batch: 8,
            kv_type: KvType::default(),
            kv_budget: None,
            kv_reuse: KvReuse::default(),
            memory_budget: None,
            unload_after: None,
            tensor_parallel: 1,
            speculation: true,
            draft_model: None,
            constrain_calls: true,
        }
    }
}

impl LocalLlmOptions {
    /// Refuses what is out of its range, for this model.
    pub(super) fn validate(&self, info: &ModelInfo) -> Result<()> {
        let least_one = [
            ("queue", Some(self.queue)),
            ("batch", Some(self.batch)),
            ("threads", self.threads),
            ("tensor_parallel", Some(self.tensor_parallel)),
        ];
        for (option, value) in least_one {
            if value == Some(0) {
                return Err(Error::invalid(option, "expected at least 1, got 0"));
            }
        }
        if let Some(name) = self.draft_model.as_ref().filter(|_| !self.speculation) {
            let message = format!("expected none while `speculation` is false, got `{name}`");
            return Err(Error::invalid("draft_model", message));
        }
        let (parts, heads) = (self.tensor_parallel, info.kv_heads);
        if !heads.is_multiple_of(parts) {
            let message = format!("expected a divisor of the model's {heads} heads of keys, got {parts}");
            return Err(Error::invalid("tensor_parallel", message));
        }
        if parts > 1 {
            let message =
                format!("expected at most 1, the number of devices that share a model, got {parts}");
            return Err(Error::invalid("tensor_parallel", message));
        }
        Ok(())
    }
}
