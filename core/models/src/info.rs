use serde::{Deserialize, Serialize};

use crate::Result;
use crate::gguf::Gguf;
use crate::quantisation::Quantisation;

/// What a model file says about itself.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct ModelInfo {
    /// The name in the file, or the file's own name without its extension.
    pub name: String,
    /// The architecture, for example `llama`.
    pub architecture: String,
    /// The number of weights, counted from the tensors.
    pub parameters: u64,
    /// How most weights are stored, for example `Q4_K_M`.
    pub quantisation: String,
    /// The length of the file in bytes.
    pub size_bytes: u64,
    /// The most tokens that a sequence may have.
    pub context_length: usize,
    /// The number of transformer blocks.
    pub layers: usize,
    /// The number of logits: the tokens of the vocabulary and its padding.
    pub vocabulary: usize,
}

impl ModelInfo {
    pub(crate) fn read(
        gguf: &Gguf,
        architecture: &str,
        layers: usize,
        vocabulary: usize,
        context_length: usize,
    ) -> Result<Self> {
        Ok(Self {
            name: gguf.name()?,
            architecture: architecture.to_owned(),
            parameters: gguf.tensors().map(|(_, info)| info.elements() as u64).sum(),
            quantisation: quantisation(gguf)?,
            size_bytes: gguf.size_bytes(),
            context_length,
            layers,
            vocabulary,
        })
    }
}

/// The file type as llama.cpp's converter names it, or the type that holds most weights.
fn quantisation(gguf: &Gguf) -> Result<String> {
    let named = match gguf.count("general.file_type")? {
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
        _ => return Ok(commonest(gguf)),
    };
    Ok(named.to_owned())
}

fn commonest(gguf: &Gguf) -> String {
    let weight = |kind: Quantisation| -> usize {
        gguf.tensors().filter(|(_, info)| info.quantisation == kind).map(|(_, info)| info.elements()).sum()
    };
    Quantisation::ALL
        .into_iter()
        .max_by_key(|&kind| weight(kind))
        .map(|kind| kind.to_string())
        .unwrap_or_default()
}
