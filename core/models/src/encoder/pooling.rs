use std::path::Path;

use serde_json::Value;

use crate::{Error, Result, json_file};

/// How the vectors of tokens become one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Pooling {
    /// Their mean.
    Mean,
    /// The first one's.
    First,
}

impl Pooling {
    /// Reads `1_Pooling/config.json`; without such a file it is the mean.
    pub(super) fn read(path: &Path) -> Result<Self> {
        let Some(config) = json_file::read_if_there::<Value>(path)? else { return Ok(Self::Mean) };
        let Some(fields) = config.as_object() else {
            return Err(Error::format(path, "expected a JSON object"));
        };
        if fields.get("include_prompt") == Some(&Value::Bool(false)) {
            return Err(unsupported("include_prompt: false".into()));
        }
        // Versions from 6 on write the mode's name, earlier ones a switch for each mode.
        let mode = match fields.get("pooling_mode") {
            Some(Value::String(mode)) => mode.clone(),
            Some(other) => other.to_string(),
            None => {
                let modes = fields.iter().filter(|(_, on)| **on == Value::Bool(true));
                let modes = modes.filter_map(|(name, _)| name.strip_prefix("pooling_mode_"));
                modes
                    .map(|mode| mode.trim_end_matches("_tokens").trim_end_matches("_token"))
                    .collect::<Vec<_>>()
                    .join(", ")
            }
        };
        match &*mode {
            "mean" => Ok(Self::Mean),
            "cls" => Ok(Self::First),
            _ => Err(unsupported(mode)),
        }
    }

    /// The vector of a text, scaled to length 1, from those of its tokens, `[tokens][width]`. An error names `model`.
    pub(super) fn vector(self, rows: &[f32], width: usize, model: &str) -> Result<Vec<f32>> {
        let rows = match self {
            Self::Mean => rows,
            Self::First => &rows[..width],
        };
        let mut sum = vec![0.0; width];
        for row in rows.chunks_exact(width) {
            for (sum, value) in sum.iter_mut().zip(row) {
                *sum += value;
            }
        }
        let length = sum.iter().map(|value| f64::from(*value).powi(2)).sum::<f64>().sqrt() as f32;
        if !(length.is_finite() && length > 0.0) {
            return Err(Error::NonFinite { model: model.to_owned(), layer: "pooling".into(), value: length });
        }
        for value in &mut sum {
            *value /= length;
        }
        Ok(sum)
    }
}

fn unsupported(name: String) -> Error {
    Error::Unsupported { what: "pooling", name, known: "mean, cls".into() }
}
