//! Qwen2 and Qwen2.5 (arXiv 2407.10671): llama's plan with biases on queries, keys and values.

use crate::Result;
use crate::nn::{Choices, Config, Decoder};
use crate::weights::Weights;

pub(super) fn read(weights: &Weights, config: Config) -> Result<Decoder> {
    for part in ["attn_q", "attn_k", "attn_v"] {
        weights.require_in_layers(config.layers, &format!("{part}.bias"))?;
    }
    let rope = config.rope(None);
    Decoder::read(weights, config, Choices::uniform(rope))
}
