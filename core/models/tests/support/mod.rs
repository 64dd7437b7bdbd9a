#[cfg(target_os = "linux")]
mod alone;
mod files;
pub(crate) mod greedy;
pub(crate) mod tiny;

#[cfg(target_os = "linux")]
pub(crate) use alone::is_alone;
pub(crate) use files::{fixture, model};
