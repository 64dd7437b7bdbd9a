use std::path::Path;

use super::{file, folder};
use crate::device::{Device, Found};
use crate::nn::Config;
use crate::weights::Weights;
use crate::{ChatTemplate, Gguf, Result, Tokenizer};

/// A language model's files, read but for its weights.
#[derive(Debug)]
pub(crate) struct Checkpoint {
    pub(crate) name: String,
    /// As GGUF calls it, for example `llama`.
    pub(crate) architecture: String,
    /// The type that holds most weights, or the mixture that llama.cpp names so.
    pub(crate) quantisation: String,
    /// The length in bytes of the files that hold weights.
    pub(crate) size_bytes: u64,
    pub(crate) config: Config,
    pub(crate) weights: Weights,
    pub(crate) tokenizer: Tokenizer,
    pub(crate) template: Option<ChatTemplate>,
    /// Where the model is to compute; none for the CPU.
    pub(crate) found: Option<Found>,
}

impl Checkpoint {
    /// Reads a GGUF file, or a folder as the Hugging Face Hub has it, for a device.
    pub(crate) fn open(path: &Path, device: Device) -> Result<Self> {
        if path.is_dir() { folder::read(path, device) } else { file::read(&Gguf::open(path)?, device) }
    }
}
