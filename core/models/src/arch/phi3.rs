//! Phi-3 (arXiv 2404.14219): llama's plan with joined matrices, a window, and `LongRoPE` (arXiv 2402.13753).

use crate::Result;
use crate::nn::{Choices, Config, Decoder, Pairing, Rope};
use crate::weights::Weights;

pub(super) fn read(weights: Weights<'_>) -> Result<Decoder> {
    let gguf = weights.gguf();
    let config = Config::read(gguf, "phi3")?;
    let original = gguf.count("phi3.rope.scaling.original_context_length")?.unwrap_or(config.context);
    // A model that was stretched beyond its first context has a set of divisors for either case. One serves all
    // sequences, as in llama.cpp: a sequence that changed from one to the other could not use what it has computed.
    let context = weights.context().unwrap_or(config.context);
    let name = if context > original { "rope_factors_long.weight" } else { "rope_factors_short.weight" };
    let factors = weights.rope_factors(name, &config)?;
    let magnitude = gguf.float("phi3.rope.scaling.attn_factor")?.unwrap_or(1.0);
    let rope = Rope::new(
        config.rope_dimensions,
        config.rope_base,
        config.rope_scale,
        factors.as_deref(),
        Pairing::Halves,
    );
    let window = config.window;
    Decoder::read(weights, config, Choices::uniform(rope.with_magnitude(magnitude)).with_window(window))
}
