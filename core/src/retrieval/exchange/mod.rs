//! A whole store as a file that others can read, and back.

mod export;
mod format;
mod import;

pub(super) use export::export;
pub(super) use import::import;
