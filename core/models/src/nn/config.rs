use crate::gguf::Gguf;
use crate::{Error, Result};

/// The sizes of a decoder, from metadata that all architectures share under their own prefix.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Config {
    pub(crate) layers: usize,
    pub(crate) hidden: usize,
    pub(crate) feed_forward: usize,
    pub(crate) heads: usize,
    pub(crate) kv_heads: usize,
    pub(crate) head_dimension: usize,
    pub(crate) context: usize,
    pub(crate) norm_epsilon: f32,
    pub(crate) rope_base: f32,
    pub(crate) rope_scale: f32,
    pub(crate) rope_dimensions: usize,
    /// How many tokens a token sees in layers with a window.
    pub(crate) window: Option<usize>,
}

impl Config {
    /// Reads `{prefix}.…` and refuses sizes that do not fit each other.
    pub(crate) fn read(gguf: &Gguf, prefix: &str) -> Result<Self> {
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
        let positive = |name: &str, value: Option<f32>| match value {
            Some(value) if value <= 0.0 => {
                Err(gguf.invalid(&key(name), &format!("expected a positive number, got {value}")))
            }
            value => Ok(value),
        };

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
        let epsilon_key = key("attention.layer_norm_rms_epsilon");
        let norm_epsilon = gguf.required(&epsilon_key, gguf.float(&epsilon_key)?)?;
        Ok(Self {
            layers: size("block_count")?,
            hidden,
            feed_forward: size("feed_forward_length")?,
            heads,
            kv_heads,
            head_dimension,
            context: size("context_length")?,
            norm_epsilon: positive("attention.layer_norm_rms_epsilon", Some(norm_epsilon))?
                .unwrap_or_default(),
            rope_base: positive("rope.freq_base", gguf.float(&key("rope.freq_base"))?)?.unwrap_or(10_000.0),
            rope_scale: rope_scale(gguf, prefix)?,
            rope_dimensions,
            window: gguf.count(&key("attention.sliding_window"))?.filter(|&window| window > 0),
        })
    }

    /// The width of the keys or values of one token.
    pub(crate) fn kv_width(&self) -> usize {
        self.kv_heads * self.head_dimension
    }

    /// The width of the queries of one token.
    pub(crate) fn query_width(&self) -> usize {
        self.heads * self.head_dimension
    }
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
