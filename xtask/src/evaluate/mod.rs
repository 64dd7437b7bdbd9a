//! Measures quality: one JSON line per figure on the standard output, progress on the standard error.

mod answers;
mod chunks;
mod collection;
mod commands;
mod embeddings;
mod engines;
mod figure;
mod greedy;
mod lines;
mod options;
mod published;
mod quality;
mod ranking;
mod retrieval;
mod sample;
mod templates;
mod tokenizers;
mod tools;

pub(crate) use collection::{Collection, Entry, entries};
pub(crate) use figure::Figure;
pub(crate) use lines::json_lines;
pub(crate) use options::{AREAS, Options, run};
pub(crate) use sample::sample;
