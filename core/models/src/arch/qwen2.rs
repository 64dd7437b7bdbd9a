//! Qwen2 and Qwen2.5 (arXiv 2407.10671): llama's plan with biases on queries, keys and values.

use crate::Result;
use crate::nn::{Choices, Config, Decoder, Pairing, Rope};
use crate::weights::Weights;

pub(super) fn read(weights: Weights<'_>) -> Result<Decoder> {
    let gguf = weights.gguf();
    let config = Config::read(gguf, "qwen2")?;
    for part in ["attn_q", "attn_k", "attn_v"] {
        weights.require_in_layers(config.layers, &format!("{part}.bias"))?;
    }
    let rope = Rope::new(config.rope_dimensions, config.rope_base, config.rope_scale, None, Pairing::Halves);
    Decoder::read(weights, config, Choices::uniform(rope))
}
