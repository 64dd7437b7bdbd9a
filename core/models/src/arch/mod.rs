//! One published architecture, one file: its names in the file and the choices that it makes. Nothing else
//! knows an architecture by name.

pub(crate) mod bert;
mod llama;
mod qwen2;

use crate::gguf::Gguf;
use crate::nn::Decoder;
use crate::{Error, Result};

/// Reads a decoder out of a file of one architecture.
type Reader = fn(&Gguf) -> Result<Decoder>;

const ARCHITECTURES: [(&str, Reader); 2] = [("llama", llama::read), ("qwen2", qwen2::read)];

/// The decoder of a file, by its `general.architecture`.
pub(crate) fn read(gguf: &Gguf, architecture: &str) -> Result<Decoder> {
    match ARCHITECTURES.iter().find(|(name, _)| *name == architecture) {
        Some((_, reader)) => reader(gguf),
        None => Err(Error::Unsupported {
            what: "architecture",
            name: architecture.to_owned(),
            known: ARCHITECTURES.map(|(name, _)| name).join(", "),
        }),
    }
}
