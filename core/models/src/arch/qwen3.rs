//! Qwen3 (arXiv 2505.09388): llama's plan with an RMS norm of every head of queries and keys.

use crate::Result;
use crate::nn::{Choices, Config, Decoder, Pairing, Rope};
use crate::weights::Weights;

pub(super) fn read(weights: Weights<'_>) -> Result<Decoder> {
    let gguf = weights.gguf();
    let config = Config::read(gguf, "qwen3")?;
    for part in ["attn_q_norm", "attn_k_norm"] {
        weights.require_in_layers(config.layers, &format!("{part}.weight"))?;
    }
    let rope = Rope::new(config.rope_dimensions, config.rope_base, config.rope_scale, None, Pairing::Halves);
    Decoder::read(weights, config, Choices::uniform(rope))
}
