//! Measures us against peers: one JSON line per figure on the standard output, progress on the standard error.

mod agent;
mod busy;
mod llm;
mod options;
mod report;
mod retrieval;
mod turns;

pub(crate) use options::{AREAS, Options, run};
