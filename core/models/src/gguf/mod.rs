//! The GGUF container: a validated header over a memory-mapped file, and a writer.
//!
//! Format: <https://github.com/ggml-org/ggml/blob/master/docs/gguf.md>, versions 2 and 3.

mod cursor;
mod file;
mod header;
mod layout;
mod metadata;
#[cfg(test)]
pub(crate) mod testing;
#[cfg(test)]
mod tests;
mod value;
mod writer;

pub use file::Gguf;
pub use layout::TensorInfo;
pub use value::GgufValue;
pub use writer::{GgufBody, GgufWriter};
