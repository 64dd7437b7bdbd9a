use serde::{Deserialize, Serialize};

use crate::Quantisation;

/// What the matrices of a model are rounded to: blocks of 32 weights that share a scale.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[non_exhaustive]
pub enum QuantizedType {
    /// 8 bits for each weight and 16 for each scale: 34 bytes for 32 weights.
    #[default]
    #[serde(rename = "q8_0")]
    Q8_0,
    /// 4 bits for each weight and 16 for each scale: 18 bytes for 32 weights.
    #[serde(rename = "q4_0")]
    Q4_0,
    /// 4 bits for each weight, 16 for each scale and 16 for each smallest weight: 20 bytes for 32 weights.
    #[serde(rename = "q4_1")]
    Q4_1,
}

impl QuantizedType {
    pub(super) fn quantisation(self) -> Quantisation {
        match self {
            Self::Q8_0 => Quantisation::Q8_0,
            Self::Q4_0 => Quantisation::Q4_0,
            Self::Q4_1 => Quantisation::Q4_1,
        }
    }

    /// The number that llama.cpp has for files in which most weights are of this type.
    pub(super) fn file_type(self) -> u32 {
        match self {
            Self::Q4_0 => 2,
            Self::Q4_1 => 3,
            Self::Q8_0 => 7,
        }
    }
}

/// How a model is quantised.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
#[non_exhaustive]
pub struct QuantizeOptions {
    /// What its matrices are rounded to. Default [`QuantizedType::Q8_0`].
    #[serde(rename = "type")]
    pub kind: QuantizedType,
    /// Whether a file that is at the place of the new one is replaced, once that is whole. Default false: it is refused.
    pub overwrite: bool,
}

impl QuantizeOptions {
    /// The same with this `kind`.
    #[must_use]
    pub fn kind(mut self, kind: QuantizedType) -> Self {
        self.kind = kind;
        self
    }

    /// The same with this `overwrite`.
    #[must_use]
    pub fn overwrite(mut self, overwrite: bool) -> Self {
        self.overwrite = overwrite;
        self
    }
}

/// How far the work is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct QuantizeProgress<'a> {
    /// The model's name.
    pub model: &'a str,
    /// The tensor that is written, by GGUF's name.
    pub tensor: &'a str,
    /// Bytes of the source's weights that are done with.
    pub done: u64,
    /// Bytes of the source's weights.
    pub total: u64,
}
