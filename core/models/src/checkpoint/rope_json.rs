//! How `config.json` says that positions are rotated.

use std::collections::HashMap;
use std::f64::consts::TAU;
use std::path::Path;

use serde::Deserialize;

use crate::weights::Tensor;
use crate::{Error, Result};

/// `rope_scaling` until version 4 of transformers, `rope_parameters` since.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default)]
pub(super) struct RopeJson {
    rope_type: Option<String>,
    /// What `rope_type` was called first; some files have both.
    r#type: Option<String>,
    pub(super) rope_theta: Option<f32>,
    pub(super) partial_rotary_factor: Option<f32>,
    pub(super) original_max_position_embeddings: Option<usize>,
    factor: Option<f32>,
    low_freq_factor: Option<f64>,
    high_freq_factor: Option<f64>,
    short_factor: Option<Vec<f32>>,
    long_factor: Option<Vec<f32>>,
    attention_factor: Option<f32>,
}

/// What a rotation does beyond its base.
#[derive(Debug)]
pub(super) struct Stretch {
    /// What all positions are divided by.
    pub(super) scale: f32,
    /// What rotated elements are multiplied with.
    pub(super) magnitude: f32,
    /// Divisors of each pair, by GGUF's names.
    pub(super) factors: HashMap<String, Tensor>,
}

/// The lengths that a stretch depends on.
#[derive(Debug, Clone, Copy)]
pub(super) struct Lengths {
    pub(super) base: f32,
    pub(super) dimensions: usize,
    pub(super) context: usize,
    pub(super) original_context: usize,
}

impl RopeJson {
    fn kind(&self) -> &str {
        self.rope_type.as_deref().or(self.r#type.as_deref()).unwrap_or("default")
    }

    /// Reads the stretch; `path` is named in errors.
    pub(super) fn stretch(&self, lengths: Lengths, path: &Path) -> Result<Stretch> {
        let mut stretch = Stretch { scale: 1.0, magnitude: 1.0, factors: HashMap::new() };
        match self.kind() {
            "default" | "none" => {}
            "linear" => stretch.scale = positive("factor", self.factor, path)?,
            "llama3" => {
                let factors = self.llama3(lengths, path)?;
                stretch.factors.insert("rope_freqs.weight".to_owned(), Tensor::made(&factors));
            }
            "longrope" | "su" => {
                for (which, factors) in [("short", &self.short_factor), ("long", &self.long_factor)] {
                    let factors =
                        factors.as_deref().ok_or_else(|| missing(&format!("{which}_factor"), path))?;
                    stretch.factors.insert(format!("rope_factors_{which}.weight"), Tensor::made(factors));
                }
                stretch.magnitude = self.attention_factor.unwrap_or_else(|| magnitude(lengths));
            }
            other => {
                return Err(Error::Unsupported {
                    what: "rope scaling",
                    name: other.to_owned(),
                    known: "default, linear, llama3, longrope".into(),
                });
            }
        }
        Ok(stretch)
    }

    /// Llama 3.1's divisors: fast rotations stay as they are, slow ones are stretched, those between by degrees.
    fn llama3(&self, lengths: Lengths, path: &Path) -> Result<Vec<f32>> {
        let factor = f64::from(positive("factor", self.factor, path)?);
        let low = self.low_freq_factor.ok_or_else(|| missing("low_freq_factor", path))?;
        let high = self.high_freq_factor.ok_or_else(|| missing("high_freq_factor", path))?;
        if high <= low {
            let message = format!("expected `high_freq_factor` above `low_freq_factor` {low}, got {high}");
            return Err(Error::format(path, message));
        }
        let original = lengths.original_context as f64;
        let divisor = |pair: usize| {
            let exponent = 2.0 * pair as f64 / lengths.dimensions as f64;
            let turns = original / (TAU * f64::from(lengths.base).powf(exponent));
            let share = ((turns - low) / (high - low)).clamp(0.0, 1.0);
            (1.0 / ((1.0 - share) / factor + share)) as f32
        };
        Ok((0..lengths.dimensions / 2).map(divisor).collect())
    }
}

fn positive(name: &str, value: Option<f32>, path: &Path) -> Result<f32> {
    match value {
        Some(value) if value > 0.0 => Ok(value),
        Some(value) => Err(Error::format(path, format!("expected a positive `{name}`, got {value}"))),
        None => Err(missing(name, path)),
    }
}

/// `LongRoPE`'s magnitude (arXiv 2402.13753), which follows from how far the context was stretched.
fn magnitude(lengths: Lengths) -> f32 {
    let (context, original) = (lengths.context as f64, lengths.original_context as f64);
    if context > original { (1.0 + (context / original).ln() / original.ln()).sqrt() as f32 } else { 1.0 }
}

fn missing(name: &str, path: &Path) -> Error {
    Error::format(path, format!("`{name}` of the rope scaling is missing"))
}
