//! Our vectors, words, sentence encoder and documents against the libraries that people put together for them.

mod bench;
mod chunks;
mod data;
mod documents;
mod encoder;
mod exact;
mod filtered;
mod graph;
mod numbers;
mod rows;
mod sweep;
mod word_vectors;
mod words;

pub(super) use bench::run;
