//! The GGUF container: a validated header over a memory-mapped file.
//!
//! Format: <https://github.com/ggml-org/ggml/blob/master/docs/gguf.md>, versions 2 and 3.

mod cursor;
mod file;
mod header;
mod layout;
mod metadata;
#[cfg(test)]
mod tests;
#[cfg(test)]
pub(crate) mod writer;

pub use file::Gguf;
pub use layout::TensorInfo;
