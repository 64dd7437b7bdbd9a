//! Llama (arXiv 2302.13971) and what follows its plan: Llama 2 and 3, Mistral, `SmolLM2`.

use crate::Result;
use crate::nn::{Choices, Config, Decoder};
use crate::weights::Weights;

pub(super) fn read(weights: &Weights, config: Config) -> Result<Decoder> {
    // Llama 3.1 and later stretch the slow rotations: there is a divisor for each pair.
    let factors = weights.rope_factors("rope_freqs.weight", &config)?;
    // Mistral's first version sees a window.
    let choices = Choices::uniform(config.rope(factors.as_deref())).with_window(config.window);
    Decoder::read(weights, config, choices)
}
