//! Phi-3 (arXiv 2404.14219): llama's plan with joined matrices, a window, and `LongRoPE` (arXiv 2402.13753).

use crate::Result;
use crate::nn::{Choices, Config, Decoder};
use crate::weights::Weights;

pub(super) fn read(weights: &Weights, config: Config) -> Result<Decoder> {
    // A model that was stretched beyond its first context has a set of divisors for either case. One serves all
    // sequences, as in llama.cpp: a sequence that changed from one to the other could not use what it has computed.
    let is_long = config.context > config.original_context;
    let name = if is_long { "rope_factors_long.weight" } else { "rope_factors_short.weight" };
    let factors = weights.rope_factors(name, &config)?;
    let choices = Choices::uniform(config.rope(factors.as_deref())).with_window(config.window);
    Decoder::read(weights, config, choices)
}
