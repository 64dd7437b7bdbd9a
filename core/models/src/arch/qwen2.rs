//! Qwen2 and Qwen2.5 (arXiv 2407.10671): llama's plan with biases on queries, keys and values.

use crate::gguf::Gguf;
use crate::nn::{Config, Decoder, Pairing, Rope};
use crate::weights::Weights;
use crate::{Error, Result};

pub(super) fn read(gguf: &Gguf) -> Result<Decoder> {
    let weights = Weights::new(gguf);
    let config = Config::read(gguf, "qwen2")?;
    for index in 0..config.layers {
        for part in ["attn_q", "attn_k", "attn_v"] {
            let name = format!("blk.{index}.{part}.bias");
            if !weights.has(&name) {
                return Err(Error::tensor(name, "is missing from the file"));
            }
        }
    }
    Decoder::read(weights, config, |config| {
        Ok(Rope::new(config.rope_dimensions, config.rope_base, config.rope_scale, None, Pairing::Halves))
    })
}
