//! BERT (arXiv 1810.04805), as `MiniLM`, BGE and E5 have it.

use serde::Deserialize;

use super::encoder::{Family, Reader};
use crate::{Error, Result, json_file};

pub(super) const FAMILY: Family = Family {
    prefix: "bert.",
    projection: ["attention.self.query", "attention.self.key", "attention.self.value"],
    attention_output: "attention.output.dense",
    attention_norm: "attention.output.LayerNorm",
    positions,
    distances: |_| Ok(None),
    second,
    head: Some(["pooler.dense", "classifier"]),
};

/// The part of `config.json` that only BERT has.
#[derive(Debug, Deserialize)]
struct Config {
    type_vocab_size: usize,
    #[serde(default = "absolute")]
    position_embedding_type: String,
}

fn absolute() -> String {
    "absolute".into()
}

/// The positions' vectors, with the first segment's: a text by itself is of the first.
fn positions(reader: &Reader<'_>) -> Result<Vec<f32>> {
    let config: Config = json_file::read(reader.path)?;
    if config.position_embedding_type != "absolute" {
        let name = config.position_embedding_type;
        return Err(Error::Unsupported { what: "position embedding", name, known: absolute() });
    }
    let width = reader.config.hidden_size;
    let segments = reader.table("embeddings.token_type_embeddings", config.type_vocab_size)?;
    let mut positions =
        reader.table("embeddings.position_embeddings", reader.config.max_position_embeddings)?;
    for row in positions.chunks_exact_mut(width) {
        for (position, segment) in row.iter_mut().zip(&segments) {
            *position += segment;
        }
    }
    Ok(positions)
}

fn second(reader: &Reader<'_>) -> Result<Vec<f32>> {
    let Config { type_vocab_size, .. } = json_file::read(reader.path)?;
    let segments = reader.table("embeddings.token_type_embeddings", type_vocab_size)?;
    let mut segments = segments.chunks_exact(reader.config.hidden_size);
    Ok(match (segments.next(), segments.next()) {
        (Some(first), Some(second)) => {
            second.iter().zip(first).map(|(second, first)| second - first).collect()
        }
        _ => Vec::new(),
    })
}
