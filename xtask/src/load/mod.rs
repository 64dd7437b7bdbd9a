//! Measures an assistant under load: one JSON line per figure on the standard output, progress on the standard error.
//!
//! The reference configuration is a shared beginning of about 1 200 tokens (instructions, tools, documents), computed
//! once; then each request is a session of its own with another question and a passage that is retrieved for it.

mod figures;
mod flow;
mod latency;
mod objective;
mod options;
mod peak;
mod reference;
mod requests;

pub(crate) use options::{Options, run};
