//! Documents to pieces that fit the embedder.

mod chunker;
#[cfg(feature = "code")]
mod code;
mod context;
mod outline;
mod pieces;
mod structure;

pub use chunker::{Chunk, Chunker};
