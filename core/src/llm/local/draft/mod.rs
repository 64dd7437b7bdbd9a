//! Guesses of the next tokens, which the model verifies together in one pass.
//!
//! They change nothing but speed: a guess counts only if the sampler, with the same random numbers, chooses that token too.

mod drafter;
mod earlier;
mod model;
mod pace;
mod speculation;
mod suffixes;

pub(super) use drafter::Drafter;
pub(super) use earlier::EarlierAnswers;
pub(super) use model::DraftModel;
pub(super) use speculation::Speculation;
