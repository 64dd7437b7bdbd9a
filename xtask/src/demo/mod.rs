//! The main job in one command: documents, a local model, a tool and the cache, streaming to the terminal.

mod options;
mod prepare;
mod show;
mod tool;

pub(crate) use options::{Options, run};
