//! Gemma 3 (arXiv 2503.19786): norms on both sides of every part, and five layers that see a window of the text for each
//! one that sees all of it.

use crate::nn::{Activation, Choices, Config, Decoder, Reach, Rope};
use crate::weights::Weights;
use crate::{Error, Result};

/// One layer in so many sees everything.
const GLOBAL_EVERY: usize = 6;

/// The base of the rotations in layers that see a window.
const LOCAL_ROPE_BASE: f32 = 10_000.0;

/// The largest of the family scales attention by another size than its siblings.
const LARGEST_LAYERS: usize = 62;

pub(super) fn read(weights: &Weights, mut config: Config) -> Result<Decoder> {
    for part in ["attn_q_norm", "attn_k_norm", "post_attention_norm", "post_ffw_norm"] {
        weights.require_in_layers(config.layers, &format!("{part}.weight"))?;
    }
    let Some(window) = config.window else {
        return Err(Error::invalid(
            "sliding window",
            "expected one in the files of a gemma3 model, got none",
        ));
    };
    let has_window = |layer: usize| match &config.windowed {
        Some(windowed) => windowed.get(layer).copied().unwrap_or(false),
        None => !(layer + 1).is_multiple_of(GLOBAL_EVERY),
    };
    let reach = |layer: usize| {
        if has_window(layer) {
            Reach { rope: 1, window: Some(window) }
        } else {
            Reach { rope: 0, window: None }
        }
    };
    let base = config.local_rope_base.unwrap_or(LOCAL_ROPE_BASE);
    let choices = Choices {
        ropes: vec![config.rope(None), Rope::new(config.rope_dimensions, base, 1.0, None, config.pairing)],
        reach: (0..config.layers).map(reach).collect(),
        activation: Activation::Gelu,
        embedding_scale: Some((config.hidden as f32).sqrt()),
    };
    if config.layers == LARGEST_LAYERS {
        config.attention_scale = 1.0 / ((config.hidden / config.heads) as f32).sqrt();
    }
    Decoder::read(weights, config, choices)
}
