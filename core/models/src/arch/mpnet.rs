//! `MPNet` (arXiv 2004.09297): BERT without segments, whose scores depend on the distance of the tokens, too.

use serde::Deserialize;

use super::encoder::{Family, Reader};
use crate::nn::Distances;
use crate::{Error, Result, json_file};

pub(super) const FAMILY: Family = Family {
    prefix: "mpnet.",
    projection: ["attention.attn.q", "attention.attn.k", "attention.attn.v"],
    attention_output: "attention.attn.o",
    attention_norm: "attention.LayerNorm",
    positions,
    distances,
    second: |_| Ok(Vec::new()),
    head: None,
};

/// Rows before the first position's: no token's, and that of padding.
const SKIPPED: usize = 2;

/// From this distance on, all are alike.
const FARTHEST: f32 = 128.0;

/// What distances are told apart by: the model's code has no other number.
const BUCKETS: usize = 32;

/// The part of `config.json` that only `MPNet` has.
#[derive(Debug, Deserialize)]
struct Config {
    relative_attention_num_buckets: usize,
}

fn positions(reader: &Reader<'_>) -> Result<Vec<f32>> {
    let mut positions =
        reader.table("embeddings.position_embeddings", reader.config.max_position_embeddings)?;
    positions.drain(..positions.len().min(SKIPPED * reader.config.hidden_size));
    Ok(positions)
}

fn distances(reader: &Reader<'_>) -> Result<Option<Distances>> {
    let Config { relative_attention_num_buckets: buckets } = json_file::read(reader.path)?;
    if buckets != BUCKETS {
        let message = format!("expected `relative_attention_num_buckets` to be {BUCKETS}, got {buckets}");
        return Err(Error::format(reader.path, message));
    }
    let heads = reader.config.num_attention_heads;
    let values = reader.tensors.values("encoder.relative_attention_bias.weight", &[buckets, heads])?;
    let positions = reader.config.max_position_embeddings.saturating_sub(SKIPPED);
    if positions == 0 {
        let message = format!("expected `max_position_embeddings` to be more than {SKIPPED}");
        return Err(Error::format(reader.path, message));
    }
    Ok(Some(Distances::new(heads, positions, |head, distance| values[bucket(distance) * heads + head])))
}

/// The bucket of a distance: one for each near one, then wider and wider ones (as T5, arXiv 1910.10683, section 2.1).
fn bucket(distance: isize) -> usize {
    const SIDE: usize = BUCKETS / 2;
    const EXACT: usize = SIDE / 2;
    let side = if distance > 0 { SIDE } else { 0 };
    let length = distance.unsigned_abs();
    if length < EXACT {
        return side + length;
    }
    let exact = EXACT as f32;
    let logarithm = (length as f32 / exact).ln() / (FARTHEST / exact).ln();
    side + (EXACT + (logarithm * (SIDE - EXACT) as f32) as usize).min(SIDE - 1)
}
