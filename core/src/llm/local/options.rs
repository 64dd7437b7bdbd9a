use rushlight_models::{Device, KvType};
use serde::{Deserialize, Serialize};

use crate::setters::setters;

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
    /// Beside the prompt's, there must be memory for its largest chunk.
    Chunks(usize),
}

/// How a [`LocalLlm`](super::LocalLlm) is set up.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
#[non_exhaustive]
pub struct LocalLlmOptions {
    /// Where the model computes. Default: the best device that is built in.
    pub device: Device,
    /// Tokens that prompt and answer may have together, at most what the model's file says. Default: what
    /// the file says.
    pub context: Option<usize>,
    /// Threads that compute for this model. Default: one for each core.
    pub threads: Option<usize>,
    /// Generations that may wait; one more is refused with [`Error::Overloaded`](crate::Error::Overloaded).
    /// Default 100.
    pub queue: usize,
    /// Generations that are computed together; further ones wait. Together they take hardly longer than one alone,
    /// but each takes memory. Default 8.
    pub batch: usize,
    /// How the keys and values of tokens are kept in memory. Default [`KvType::F16`].
    pub kv_type: KvType,
    /// Bytes that the keys and values of all tokens may take together: those of running generations and those that are
    /// kept because a later prompt may begin alike. Default 1 GiB.
    pub kv_budget: Option<usize>,
    /// What of earlier prompts is used again. Default [`KvReuse::Prefix`].
    pub kv_reuse: KvReuse,
    /// Whether the next tokens are guessed from earlier ones and then computed together, which changes nothing but the
    /// speed. Default true.
    pub speculation: bool,
}

setters!(LocalLlmOptions {
    device: Device,
    queue: usize,
    batch: usize,
    kv_type: KvType,
    kv_reuse: KvReuse,
    speculation: bool;
    context: usize,
    threads: usize,
    kv_budget: usize
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
            speculation: true,
        }
    }
}
