//! A GGUF file as a checkpoint.

use super::model::Headers;
use crate::map::Bytes;
use crate::nn::{Config, Pairing};
use crate::weights::{Tensor, Weights};
use crate::{Error, Gguf, Result, TensorInfo, arch};

/// Reads the header.
pub(super) fn read(gguf: &Gguf) -> Result<Headers> {
    let architecture = gguf.required("general.architecture", gguf.string("general.architecture")?)?;
    arch::check(architecture)?;
    let name = gguf.name()?;
    Ok(Headers {
        architecture: architecture.to_owned(),
        mixture: mixture(gguf)?,
        size_bytes: gguf.size_bytes(),
        config: config(gguf, architecture)?,
        weights: weights(gguf, &name),
        name,
    })
}

/// The decoder of a file that need have nothing else.
#[cfg(all(test, feature = "candle"))]
pub(crate) fn decoder(gguf: &Gguf, architecture: &str) -> Result<crate::nn::Decoder> {
    arch::read(architecture, &weights(gguf, architecture), config(gguf, architecture)?)
}

fn weights(gguf: &Gguf, name: &str) -> Weights {
    let tensor = |(name, info): (&str, &TensorInfo)| {
        let range = info.offset..info.offset + info.length;
        let tensor = Tensor {
            shape: info.shape.clone(),
            kind: Ok(info.quantisation),
            bytes: Bytes::mapped(gguf.file().clone(), range),
            packed: None,
        };
        (name.to_owned(), tensor)
    };
    Weights::new(name, gguf.tensors().map(tensor).collect(), str::to_owned)
}

/// The sizes, from metadata that all architectures share under their own prefix; refuses those that do not fit each
/// other.
fn config(gguf: &Gguf, prefix: &str) -> Result<Config> {
    let key = |name: &str| format!("{prefix}.{name}");
    let size = |name: &str| -> Result<usize> {
        let key = key(name);
        match gguf.required(&key, gguf.count(&key)?)? {
            0 => Err(gguf.invalid(&key, "expected at least 1, got 0")),
            size => Ok(size),
        }
    };
    let size_or = |name: &str, default: usize| -> Result<usize> {
        if gguf.count(&key(name))?.is_some() { size(name) } else { Ok(default) }
    };
    let positive = |name: &str| match gguf.float(&key(name))? {
        Some(value) if value <= 0.0 => {
            Err(gguf.invalid(&key(name), &format!("expected a positive number, got {value}")))
        }
        value => Ok(value),
    };

    if let Some(experts) = gguf.count(&key("expert_count"))?.filter(|&experts| experts > 0) {
        return Err(Error::Unsupported {
            what: "architecture",
            name: format!("{prefix} with {experts} experts"),
            known: format!("{prefix} without experts"),
        });
    }
    let hidden = size("embedding_length")?;
    let heads = size("attention.head_count")?;
    let kv_heads = size_or("attention.head_count_kv", heads)?;
    if !heads.is_multiple_of(kv_heads) {
        let message = format!("expected a divisor of the {heads} heads, got {kv_heads}");
        return Err(gguf.invalid(&key("attention.head_count_kv"), &message));
    }
    let head_dimension = match gguf.count(&key("attention.key_length"))? {
        Some(_) => size("attention.key_length")?,
        None if hidden.is_multiple_of(heads) => hidden / heads,
        None => {
            let message = format!("expected a divisor of the {hidden} dimensions, got {heads}");
            return Err(gguf.invalid(&key("attention.head_count"), &message));
        }
    };
    if size_or("attention.value_length", head_dimension)? != head_dimension {
        let message = format!("expected the key length {head_dimension}");
        return Err(gguf.invalid(&key("attention.value_length"), &message));
    }
    let rope_dimensions = size_or("rope.dimension_count", head_dimension)?;
    if rope_dimensions > head_dimension || rope_dimensions % 2 != 0 {
        let message = format!("expected an even number up to {head_dimension}, got {rope_dimensions}");
        return Err(gguf.invalid(&key("rope.dimension_count"), &message));
    }
    let context = size("context_length")?;
    let epsilon = "attention.layer_norm_rms_epsilon";
    Ok(Config {
        layers: size("block_count")?,
        hidden,
        feed_forward: size("feed_forward_length")?,
        heads,
        kv_heads,
        head_dimension,
        context,
        original_context: size_or("rope.scaling.original_context_length", context)?,
        norm_epsilon: gguf.required(&key(epsilon), positive(epsilon)?)?,
        attention_scale: 1.0 / (head_dimension as f32).sqrt(),
        rope_base: positive("rope.freq_base")?.unwrap_or(10_000.0),
        local_rope_base: positive("rope.freq_base_swa")?,
        rope_scale: rope_scale(gguf, prefix)?,
        rope_magnitude: positive("rope.scaling.attn_factor")?.unwrap_or(1.0),
        rope_dimensions,
        pairing: pairing(prefix),
        window: gguf.count(&key("attention.sliding_window"))?.filter(|&window| window > 0),
        windowed: None,
    })
}

/// How the rows of queries and keys are ordered in the files of an architecture.
pub(super) fn pairing(architecture: &str) -> Pairing {
    // llama.cpp's converter permutes the rows of llama, and of nothing else, so that pairs are neighbours.
    if architecture == "llama" { Pairing::Neighbours } else { Pairing::Halves }
}

fn rope_scale(gguf: &Gguf, prefix: &str) -> Result<f32> {
    let type_key = format!("{prefix}.rope.scaling.type");
    let kind = gguf.string(&type_key)?;
    match kind {
        // The stretch of LongRoPE is in a tensor.
        Some("none" | "longrope") => return Ok(1.0),
        None | Some("linear") => {}
        Some(other) => {
            return Err(Error::Unsupported {
                what: "rope scaling",
                name: other.to_owned(),
                known: "none, linear, longrope, llama3 (rope_freqs.weight)".into(),
            });
        }
    }
    let factor_key = format!("{prefix}.rope.scaling.factor");
    let old_key = format!("{prefix}.rope.scale_linear");
    let scale = match gguf.float(&factor_key)? {
        Some(factor) if kind.is_some() => factor,
        _ => gguf.float(&old_key)?.unwrap_or(1.0),
    };
    if scale <= 0.0 {
        return Err(gguf.invalid(&factor_key, &format!("expected a positive number, got {scale}")));
    }
    Ok(scale)
}

/// The file type as llama.cpp's converter names it.
fn mixture(gguf: &Gguf) -> Result<Option<&'static str>> {
    Ok(Some(match gguf.count("general.file_type")? {
        Some(0) => "F32",
        Some(1) => "F16",
        Some(2) => "Q4_0",
        Some(3) => "Q4_1",
        Some(7) => "Q8_0",
        Some(8) => "Q5_0",
        Some(9) => "Q5_1",
        Some(10) => "Q2_K",
        Some(11) => "Q3_K_S",
        Some(12) => "Q3_K_M",
        Some(13) => "Q3_K_L",
        Some(14) => "Q4_K_S",
        Some(15) => "Q4_K_M",
        Some(16) => "Q5_K_S",
        Some(17) => "Q5_K_M",
        Some(18) => "Q6_K",
        Some(32) => "BF16",
        _ => return Ok(None),
    }))
}
