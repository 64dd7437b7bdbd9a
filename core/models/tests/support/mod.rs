mod files;
pub(crate) mod greedy;
mod logits;
pub(crate) mod tiny;

pub(crate) use files::{fixture, model};
pub(crate) use logits::divergence;
