//! Llama (arXiv 2302.13971) and what follows its plan: Llama 2 and 3, Mistral, `SmolLM2`.

use crate::gguf::Gguf;
use crate::nn::{Config, Decoder, Pairing, Rope};
use crate::weights::Weights;
use crate::{Error, Result};

pub(super) fn read(gguf: &Gguf) -> Result<Decoder> {
    if let Some(experts) = gguf.count("llama.expert_count")?.filter(|&experts| experts > 0) {
        return Err(Error::Unsupported {
            what: "architecture",
            name: format!("llama with {experts} experts"),
            known: "llama without experts".into(),
        });
    }
    let weights = Weights::new(gguf);
    let config = Config::read(gguf, "llama")?;
    Decoder::read(weights, config, |config| {
        // Llama 3.1 and later stretch the slow rotations: the converter writes a divisor for each pair.
        let factors = weights.optional_vector("rope_freqs.weight", config.rope_dimensions / 2)?;
        if let Some(factor) = factors.iter().flatten().find(|factor| !(factor.is_finite() && **factor > 0.0))
        {
            return Err(Error::tensor(
                "rope_freqs.weight",
                format!("expected positive numbers, got {factor}"),
            ));
        }
        // The converter permutes query and key weights so that pairs are neighbours.
        Ok(Rope::new(
            config.rope_dimensions,
            config.rope_base,
            config.rope_scale,
            factors.as_deref(),
            Pairing::Neighbours,
        ))
    })
}
