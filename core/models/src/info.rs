use std::fmt;
use std::path::Path;

use serde::{Deserialize, Serialize};

use crate::Result;
use crate::checkpoint::Checkpoint;

/// What a model's files say about it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct ModelInfo {
    /// The name in the file, or the file's own name without its extension.
    pub name: String,
    /// The architecture, for example `llama`.
    pub architecture: String,
    /// The number of weights, counted from the tensors.
    pub parameters: u64,
    /// How most weights are stored, for example `Q4_K_M`.
    pub quantisation: String,
    /// The length of the file in bytes.
    pub size_bytes: u64,
    /// The most tokens that a sequence may have.
    pub context_length: usize,
    /// The number of transformer blocks.
    pub layers: usize,
    /// The width of the hidden state.
    pub hidden: usize,
    /// The number of attention heads in a block.
    pub heads: usize,
    /// The number of heads that have keys and values of their own; the others share them.
    pub kv_heads: usize,
    /// The number of logits: the tokens of the vocabulary and its padding.
    pub vocabulary: usize,
}

impl ModelInfo {
    /// Reads the headers of a GGUF file or of a folder with safetensors, and none of the weights.
    ///
    /// # Errors
    ///
    /// Those of [`LanguageModel::open`](crate::LanguageModel::open) about the header: a file that is none, an
    /// architecture that is not supported, sizes that are missing or do not fit each other.
    pub fn inspect(path: &Path) -> Result<Self> {
        Ok(Checkpoint::open(path)?.info)
    }
}

/// For example `Llama 3 70B: llama, 70.6 billion parameters as F16 in 141.1 GB, context of 8192 tokens`.
impl fmt::Display for ModelInfo {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { name, architecture, quantisation, context_length, .. } = self;
        let billions = self.parameters as f64 / 1e9;
        let gigabytes = self.size_bytes as f64 / 1e9;
        write!(
            formatter,
            "{name}: {architecture}, {billions:.1} billion parameters as {quantisation} in {gigabytes:.1} GB, \
             context of {context_length} tokens"
        )
    }
}

#[cfg(test)]
mod tests;
