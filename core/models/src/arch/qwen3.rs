//! Qwen3 (arXiv 2505.09388): llama's plan with an RMS norm of every head of queries and keys.

use crate::Result;
use crate::nn::{Choices, Config, Decoder};
use crate::weights::Weights;

pub(super) fn read(weights: &Weights, config: Config) -> Result<Decoder> {
    for part in ["attn_q_norm", "attn_k_norm"] {
        weights.require_in_layers(config.layers, &format!("{part}.weight"))?;
    }
    let rope = config.rope(None);
    Decoder::read(weights, config, Choices::uniform(rope))
}
