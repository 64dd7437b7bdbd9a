//! Gemma 3 (arXiv 2503.19786): norms on both sides of every part, and five layers that see a window of the text for each
//! one that sees all of it.

use crate::Result;
use crate::nn::{Activation, Choices, Config, Decoder, Pairing, Reach, Rope};
use crate::weights::Weights;

/// One layer in so many sees everything.
const GLOBAL_EVERY: usize = 6;

/// The base of the rotations in layers that see a window.
const LOCAL_ROPE_BASE: f32 = 10_000.0;

pub(super) fn read(weights: Weights<'_>) -> Result<Decoder> {
    let gguf = weights.gguf();
    let config = Config::read(gguf, "gemma3")?;
    for part in ["attn_q_norm", "attn_k_norm", "post_attention_norm", "post_ffw_norm"] {
        weights.require_in_layers(config.layers, &format!("{part}.weight"))?;
    }
    let rope = |base, scale| Rope::new(config.rope_dimensions, base, scale, None, Pairing::Halves);
    let window = gguf.required("gemma3.attention.sliding_window", config.window)?;
    let reach = |layer: usize| {
        let is_global = (layer + 1).is_multiple_of(GLOBAL_EVERY);
        if is_global { Reach { rope: 0, window: None } } else { Reach { rope: 1, window: Some(window) } }
    };
    let choices = Choices {
        ropes: vec![rope(config.rope_base, config.rope_scale), rope(LOCAL_ROPE_BASE, 1.0)],
        reach: (0..config.layers).map(reach).collect(),
        activation: Activation::Gelu,
        embedding_scale: Some((config.hidden as f32).sqrt()),
    };
    Decoder::read(weights, config, choices)
}
