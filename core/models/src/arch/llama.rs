//! Llama (arXiv 2302.13971) and what follows its plan: Llama 2 and 3, Mistral, `SmolLM2`.

use crate::nn::{Choices, Config, Decoder, Pairing, Rope};
use crate::weights::Weights;
use crate::{Error, Result};

pub(super) fn read(weights: Weights<'_>) -> Result<Decoder> {
    let gguf = weights.gguf();
    if let Some(experts) = gguf.count("llama.expert_count")?.filter(|&experts| experts > 0) {
        return Err(Error::Unsupported {
            what: "architecture",
            name: format!("llama with {experts} experts"),
            known: "llama without experts".into(),
        });
    }
    let config = Config::read(gguf, "llama")?;
    // Llama 3.1 and later stretch the slow rotations: the converter writes a divisor for each pair.
    let factors = weights.rope_factors("rope_freqs.weight", &config)?;
    // The converter permutes query and key weights so that pairs are neighbours.
    let rope = Rope::new(
        config.rope_dimensions,
        config.rope_base,
        config.rope_scale,
        factors.as_deref(),
        Pairing::Neighbours,
    );
    // Mistral's first version sees a window.
    let window = config.window;
    Decoder::read(weights, config, Choices::uniform(rope).with_window(window))
}
