use super::ARCHITECTURES;
use crate::gguf::Gguf;
use crate::nn::Decoder;
use crate::packed::Packed;
use crate::weights::Weights;
use crate::{Error, Result};

/// Reads a decoder out of a file of one architecture.
pub(super) type Reader = fn(Weights<'_>) -> Result<Decoder>;

/// The decoder of a file, by its `general.architecture`.
pub(crate) fn read(gguf: &Gguf, architecture: &str) -> Result<Decoder> {
    match ARCHITECTURES.iter().find(|(name, _)| *name == architecture) {
        Some((_, reader)) => reader(Weights::new(gguf, &Packed::open(gguf)?)),
        None => Err(Error::Unsupported {
            what: "architecture",
            name: architecture.to_owned(),
            known: ARCHITECTURES.map(|(name, _)| name).join(", "),
        }),
    }
}
