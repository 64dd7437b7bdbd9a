//! Documents to pieces that fit the embedder.

mod chunker;
mod context;
mod outline;
mod pieces;

pub use chunker::{Chunk, Chunker};
