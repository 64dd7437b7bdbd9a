use std::ops::Add;
use std::path::Path;

use serde::{Deserialize, Serialize};

use crate::checkpoint::Checkpoint;
use crate::kv::KvPool;
use crate::model::{MAX_ROWS, context};
use crate::nn::Config;
use crate::{KvCache, LoadOptions, ModelInfo, Result};

/// The bytes of a token of the vocabulary in the tokenizer's tables, and of a merge: what they were measured to be.
/// There are about as many merges as tokens.
const TOKEN_BYTES: u64 = 150;
const MERGE_BYTES: u64 = 40;

/// Guessed tokens whose logits are computed beside those of the sequences.
const DRAFTS: u64 = 16;

/// What a model takes of memory, in bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct MemoryEstimate {
    /// The weights, most of them in a memory map: the system may take their pages back, and the model is then slow.
    pub weights: u64,
    /// The tables of the tokenizer.
    pub tokenizer: u64,
    /// The keys and values of all tokens, once there are as many as there may be.
    pub keys_and_values: u64,
    /// What a pass works with, and what guesses of tokens are found in.
    pub buffers: u64,
    /// The keys and values of one token.
    pub kv_bytes_per_token: u64,
}

impl MemoryEstimate {
    /// Reads the headers of a model and none of its weights: what it takes with these options and this many
    /// sequences that fill their context.
    ///
    /// # Errors
    ///
    /// Those of [`ModelInfo::inspect`], and [`Error::Invalid`](crate::Error::Invalid) for a context that is longer than
    /// the model's.
    pub fn read(path: &Path, options: &LoadOptions, sequences: usize) -> Result<Self> {
        Self::of(&Checkpoint::open(path)?, options, sequences)
    }

    /// The same of files whose headers were read before.
    ///
    /// # Errors
    ///
    /// [`Error::Invalid`](crate::Error::Invalid) for a context that is longer than the model's.
    pub fn of(checkpoint: &Checkpoint, options: &LoadOptions, sequences: usize) -> Result<Self> {
        let Checkpoint { info, config, weights, .. } = checkpoint;
        let context = context(options.context, info.context_length)?;
        let pool = KvPool::new(config.layers, config.kv_heads, config.head_dimension, options.kv_type);
        let page = pool.page_bytes() as u64;
        let pages = (context.div_ceil(KvCache::PAGE) as u64).saturating_mul(sequences as u64);
        let budget = options.kv_budget.map_or(u64::MAX, |budget| budget as u64);
        Ok(Self {
            weights: weights.bytes() as u64,
            tokenizer: info.vocabulary as u64 * (TOKEN_BYTES + MERGE_BYTES),
            keys_and_values: pages.min(budget / page).saturating_mul(page),
            buffers: buffers(config, info, context, sequences as u64),
            kv_bytes_per_token: page / KvCache::PAGE as u64,
        })
    }

    /// All of it.
    pub fn total(&self) -> u64 {
        self.without_keys_and_values().saturating_add(self.keys_and_values)
    }

    /// What there is before the first token.
    pub fn without_keys_and_values(&self) -> u64 {
        self.weights + self.tokenizer + self.buffers
    }
}

/// What two models take together; a token has keys and values in both.
impl Add for MemoryEstimate {
    type Output = Self;

    fn add(self, other: Self) -> Self {
        Self {
            weights: self.weights + other.weights,
            tokenizer: self.tokenizer + other.tokenizer,
            keys_and_values: self.keys_and_values.saturating_add(other.keys_and_values),
            buffers: self.buffers + other.buffers,
            kv_bytes_per_token: self.kv_bytes_per_token + other.kv_bytes_per_token,
        }
    }
}

/// The rows of a pass between the layers, and the logits with the copy that the sampler works on.
fn buffers(config: &Config, info: &ModelInfo, context: usize, sequences: u64) -> u64 {
    let row = 3 * config.hidden + 2 * (config.query_width() + config.kv_width() + config.feed_forward);
    let rows = MAX_ROWS.min(context) * row;
    let logits = 2 * (sequences + DRAFTS) * info.vocabulary as u64;
    (rows as u64 + logits) * size_of::<f32>() as u64
}
