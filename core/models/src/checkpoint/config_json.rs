//! `config.json`, as the transformers library writes it for decoders.

use std::path::Path;

use serde::Deserialize;
use serde_json::Value;

use super::rope_json::{Lengths, RopeJson, Stretch};
use crate::nn::{Config, Pairing};
use crate::{Error, Result, json_file};

/// The value of `model_type`, GGUF's name of the architecture, and the activation that it has.
const MODEL_TYPES: [(&str, &str, &str); 6] = [
    ("llama", "llama", "silu"),
    ("mistral", "llama", "silu"),
    ("qwen2", "qwen2", "silu"),
    ("qwen3", "qwen3", "silu"),
    ("gemma3_text", "gemma3", "gelu_pytorch_tanh"),
    ("phi3", "phi3", "silu"),
];

/// The part that says how to compute.
#[derive(Debug, Deserialize)]
pub(super) struct ConfigJson {
    hidden_size: usize,
    intermediate_size: usize,
    num_hidden_layers: usize,
    num_attention_heads: usize,
    num_key_value_heads: Option<usize>,
    head_dim: Option<usize>,
    max_position_embeddings: usize,
    original_max_position_embeddings: Option<usize>,
    rms_norm_eps: f32,
    query_pre_attn_scalar: Option<f32>,
    hidden_act: Option<String>,
    hidden_activation: Option<String>,
    rope_theta: Option<f32>,
    rope_local_base_freq: Option<f32>,
    rope_scaling: Option<RopeJson>,
    rope_parameters: Option<Value>,
    partial_rotary_factor: Option<f32>,
    sliding_window: Option<usize>,
    use_sliding_window: Option<bool>,
    layer_types: Option<Vec<String>>,
    tie_word_embeddings: Option<bool>,
    quantization_config: Option<Value>,
}

/// What follows from the file.
#[derive(Debug)]
pub(super) struct Described {
    pub(super) architecture: &'static str,
    pub(super) config: Config,
    /// Its factors are tensors in a GGUF file.
    pub(super) stretch: Stretch,
    pub(super) tied: Option<bool>,
}

/// Whether a `config.json` with this `model_type` describes a decoder that is built in.
pub(super) fn is_known(model_type: &str) -> bool {
    MODEL_TYPES.iter().any(|(known, ..)| *known == model_type)
}

/// Reads the file and refuses sizes that do not fit each other.
pub(super) fn read(path: &Path) -> Result<Described> {
    let whole: Value = json_file::read(path)?;
    let model_type = whole["model_type"].as_str().unwrap_or_default();
    let Some(&(_, architecture, activation)) = MODEL_TYPES.iter().find(|(known, ..)| *known == model_type)
    else {
        return Err(Error::Unsupported {
            what: "architecture",
            name: model_type.to_owned(),
            known: MODEL_TYPES.map(|(known, ..)| known).join(", "),
        });
    };
    let file: ConfigJson =
        serde_json::from_value(whole).map_err(|error| Error::format(path, error.to_string()))?;
    file.check(activation, path)?;
    let head_dimension = file.head_dim.unwrap_or(file.hidden_size / file.num_attention_heads);
    let (rope, local) = file.ropes(path)?;
    let rotated = rope.partial_rotary_factor.or(file.partial_rotary_factor).unwrap_or(1.0);
    let lengths = Lengths {
        base: rope.rope_theta.or(file.rope_theta).unwrap_or(10_000.0),
        dimensions: (head_dimension as f32 * rotated) as usize,
        context: file.max_position_embeddings,
        original_context: file
            .original_max_position_embeddings
            .or(rope.original_max_position_embeddings)
            .unwrap_or(file.max_position_embeddings),
    };
    let fits = lengths.dimensions <= head_dimension && lengths.dimensions.is_multiple_of(2);
    if !(fits && is_positive(lengths.base)) {
        let message = format!(
            "expected rotations of an even number up to {head_dimension} and a positive base, got {} and {}",
            lengths.dimensions, lengths.base
        );
        return Err(Error::format(path, message));
    }
    let stretch = rope.stretch(lengths, path)?;
    let config = Config {
        layers: file.num_hidden_layers,
        hidden: file.hidden_size,
        feed_forward: file.intermediate_size,
        heads: file.num_attention_heads,
        kv_heads: file.kv_heads(),
        head_dimension,
        context: lengths.context,
        original_context: lengths.original_context,
        norm_epsilon: file.rms_norm_eps,
        attention_scale: 1.0 / file.query_pre_attn_scalar.unwrap_or(head_dimension as f32).sqrt(),
        rope_base: lengths.base,
        local_rope_base: local.and_then(|local| local.rope_theta).or(file.rope_local_base_freq),
        rope_scale: stretch.scale,
        rope_magnitude: stretch.magnitude,
        rope_dimensions: lengths.dimensions,
        pairing: Pairing::Halves,
        window: file.sliding_window.filter(|_| file.use_sliding_window != Some(false)),
        windowed: file
            .layer_types
            .as_ref()
            .map(|types| types.iter().map(|kind| kind == "sliding_attention").collect()),
    };
    Ok(Described { architecture, config, stretch, tied: file.tie_word_embeddings })
}

/// Whether a number can be divided by and is not negative.
fn is_positive(value: f32) -> bool {
    value.is_finite() && value > 0.0
}

impl ConfigJson {
    fn kv_heads(&self) -> usize {
        self.num_key_value_heads.unwrap_or(self.num_attention_heads)
    }

    fn check(&self, activation: &str, path: &Path) -> Result<()> {
        let sizes = [
            ("hidden_size", self.hidden_size),
            ("intermediate_size", self.intermediate_size),
            ("num_hidden_layers", self.num_hidden_layers),
            ("num_attention_heads", self.num_attention_heads),
            ("num_key_value_heads", self.kv_heads()),
            ("head_dim", self.head_dim.unwrap_or(1)),
            ("max_position_embeddings", self.max_position_embeddings),
            ("sliding_window", self.sliding_window.unwrap_or(1)),
        ];
        if let Some((name, _)) = sizes.iter().find(|(_, size)| *size == 0) {
            return Err(Error::format(path, format!("expected `{name}` of at least 1, got 0")));
        }
        let positive = [
            ("rms_norm_eps", self.rms_norm_eps),
            ("query_pre_attn_scalar", self.query_pre_attn_scalar.unwrap_or(1.0)),
        ];
        if let Some((name, value)) = positive.iter().find(|(_, value)| !is_positive(*value)) {
            return Err(Error::format(path, format!("expected a positive `{name}`, got {value}")));
        }
        let heads = self.num_attention_heads;
        if !heads.is_multiple_of(self.kv_heads()) {
            let message = format!(
                "expected `num_key_value_heads` to divide the {heads} heads, got {}",
                self.kv_heads()
            );
            return Err(Error::format(path, message));
        }
        if self.head_dim.is_none() && !self.hidden_size.is_multiple_of(heads) {
            let message =
                format!("expected `num_attention_heads` to divide {}, got {heads}", self.hidden_size);
            return Err(Error::format(path, message));
        }
        let unsupported = |what, name: &str, known: &str| {
            Err(Error::Unsupported { what, name: name.to_owned(), known: known.to_owned() })
        };
        if let Some(found) = self
            .hidden_activation
            .as_deref()
            .or(self.hidden_act.as_deref())
            .filter(|found| *found != activation)
        {
            return unsupported("activation", found, activation);
        }
        if let Some(quantised) = self.quantization_config.as_ref().filter(|config| !config.is_null()) {
            let method = quantised["quant_method"].as_str().unwrap_or("unknown");
            return unsupported("quantisation", method, "F32, F16, BF16");
        }
        if self.use_sliding_window == Some(true) {
            return unsupported("window", "use_sliding_window", "a window in all layers, or gemma3's");
        }
        let known = ["full_attention", "sliding_attention"];
        let layers = self.layer_types.iter().flatten();
        if let Some(other) = layers.clone().find(|kind| !known.contains(&kind.as_str())) {
            return unsupported("layer", other, &known.join(", "));
        }
        if self.layer_types.is_some() && layers.count() != self.num_hidden_layers {
            let message = format!("expected {} `layer_types`, one for each layer", self.num_hidden_layers);
            return Err(Error::format(path, message));
        }
        Ok(())
    }

    /// How layers that see everything rotate, and those with a window if the file tells them apart.
    fn ropes(&self, path: &Path) -> Result<(RopeJson, Option<RopeJson>)> {
        let parse = |value: &Value| {
            serde_json::from_value::<RopeJson>(value.clone())
                .map_err(|error| Error::format(path, format!("rope_parameters: {error}")))
        };
        let Some(parameters) = self.rope_parameters.as_ref().filter(|parameters| !parameters.is_null())
        else {
            return Ok((self.rope_scaling.clone().unwrap_or_default(), None));
        };
        match parameters.get("full_attention") {
            Some(full) => Ok((parse(full)?, parameters.get("sliding_attention").map(parse).transpose()?)),
            None => Ok((parse(parameters)?, None)),
        }
    }
}
