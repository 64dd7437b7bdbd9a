mod files;
pub(crate) mod greedy;

pub(crate) use files::{fixture, model};
