use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use super::pool::{KvPool, KvType};
use crate::nn::Decoder;
use crate::weights::Weights;
use crate::{Error, Result};

/// What keys and values depend on beside the tokens: those of one identity are right for no other.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Identity {
    /// The name in the model's file, for messages.
    model: String,
    architecture: String,
    layers: usize,
    heads: usize,
    dimension: usize,
    kv_type: KvType,
    /// A hash of how positions turn keys, and of what each layer sees.
    rope: String,
    /// A hash of the tensors' names, types and shapes, and of a sample of each one's bytes.
    weights: String,
}

impl Identity {
    pub(crate) fn of(architecture: &str, weights: &Weights, decoder: &Decoder, pool: &KvPool) -> Self {
        let mut rope = Sha256::new();
        for rotation in &decoder.ropes {
            rope.update(rotation.describe());
        }
        for block in &decoder.blocks {
            rope.update(format!("{:?}", block.reach));
        }
        let mut sampled = Sha256::new();
        weights.sample(|bytes| sampled.update(bytes));
        Self {
            model: decoder.name.clone(),
            architecture: architecture.to_owned(),
            layers: pool.layers,
            heads: pool.heads,
            dimension: pool.dimension,
            kv_type: pool.kind,
            rope: short(rope),
            weights: short(sampled),
        }
    }

    /// Refuses what was saved with another identity, naming the first thing that differs.
    pub(super) fn check(&self, saved: &Self) -> Result<()> {
        let Self { model, architecture, layers, heads, dimension, kv_type, rope, weights } = self;
        let kind = |kind: &KvType| format!("{kind:?}").to_lowercase();
        let things = [
            ("architecture", architecture.clone(), saved.architecture.clone()),
            ("layers", layers.to_string(), saved.layers.to_string()),
            ("heads", heads.to_string(), saved.heads.to_string()),
            ("head dimension", dimension.to_string(), saved.dimension.to_string()),
            ("rotation", rope.clone(), saved.rope.clone()),
            ("weights", weights.clone(), saved.weights.clone()),
            ("kv_type", kind(kv_type), kind(&saved.kv_type)),
        ];
        let Some((thing, expected, got)) = things.into_iter().find(|(_, expected, got)| expected != got)
        else {
            return Ok(());
        };
        let message = if thing == "kv_type" {
            format!("expected the kv_type {expected}, got {got}")
        } else {
            format!("expected one of `{model}` ({thing} {expected}), got one of `{}` ({got})", saved.model)
        };
        Err(Error::invalid("saved prefix", message))
    }
}

/// 64 bits of a hash in hexadecimal: enough to tell files apart that nobody made alike on purpose.
fn short(hash: Sha256) -> String {
    let bytes = hash.finalize();
    format!("{:016x}", u64::from_be_bytes(bytes.first_chunk().copied().unwrap_or_default()))
}
