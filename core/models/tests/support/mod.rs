mod files;
pub(crate) mod greedy;
pub(crate) mod tiny;

pub(crate) use files::{fixture, model};
