use super::ARCHITECTURES;
use crate::gguf::Gguf;
use crate::nn::Decoder;
use crate::packed::Packed;
use crate::weights::Weights;
use crate::{Error, Result};

/// Reads a decoder out of a file of one architecture.
pub(super) type Reader = fn(Weights<'_>) -> Result<Decoder>;

/// The decoder of a file, by its `general.architecture`, for sequences of `context` tokens if that was asked for.
pub(crate) fn read(gguf: &Gguf, architecture: &str, context: Option<usize>) -> Result<Decoder> {
    match ARCHITECTURES.iter().find(|(name, _)| *name == architecture) {
        Some((_, reader)) => reader(Weights::new(gguf, &Packed::open(gguf)?, context)),
        None => Err(Error::Unsupported {
            what: "architecture",
            name: architecture.to_owned(),
            known: ARCHITECTURES.map(|(name, _)| name).join(", "),
        }),
    }
}
