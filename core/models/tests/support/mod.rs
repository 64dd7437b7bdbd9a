#[cfg(target_os = "linux")]
mod alone;
mod files;
pub(crate) mod greedy;
mod logits;
pub(crate) mod tiny;

#[cfg(target_os = "linux")]
pub(crate) use alone::is_alone;
pub(crate) use files::{changed, fixture, model, vocabulary};
pub(crate) use logits::divergence;
