use super::ARCHITECTURES;
use crate::nn::{Config, Decoder};
use crate::weights::Weights;
use crate::{Error, Result};

/// Reads a decoder of one architecture.
pub(super) type Reader = fn(&Weights, Config) -> Result<Decoder>;

/// The decoder of a model, by the name of its architecture.
pub(crate) fn read(architecture: &str, weights: &Weights, config: Config) -> Result<Decoder> {
    reader(architecture)?(weights, config)
}

/// Refuses an architecture that is not built in.
pub(crate) fn check(architecture: &str) -> Result<()> {
    reader(architecture).map(drop)
}

fn reader(architecture: &str) -> Result<Reader> {
    match ARCHITECTURES.iter().find(|(name, _)| *name == architecture) {
        Some((_, reader)) => Ok(*reader),
        None => Err(Error::Unsupported {
            what: "architecture",
            name: architecture.to_owned(),
            known: ARCHITECTURES.map(|(name, _)| name).join(", "),
        }),
    }
}
