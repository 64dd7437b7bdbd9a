//! Measures us against peers: one JSON line per figure on the standard output, progress on the standard error.

mod llm;
mod options;

pub(crate) use options::{AREAS, Options, run};
