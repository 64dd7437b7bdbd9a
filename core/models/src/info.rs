use serde::{Deserialize, Serialize};

/// What a model's files say about it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct ModelInfo {
    /// The name in the file, or the file's or folder's own name without its extension.
    pub name: String,
    /// The architecture, for example `llama`.
    pub architecture: String,
    /// The number of weights, counted from the tensors.
    pub parameters: u64,
    /// How most weights are stored, for example `Q4_K_M`.
    pub quantisation: String,
    /// The length in bytes of the files that hold weights.
    pub size_bytes: u64,
    /// The most tokens that a sequence may have.
    pub context_length: usize,
    /// The number of transformer blocks.
    pub layers: usize,
    /// The number of logits: the tokens of the vocabulary and its padding.
    pub vocabulary: usize,
}
