//! A model's weights in fewer bits: one GGUF file, made from a folder with safetensors or from a GGUF file with floats.
//!
//! Matrices are rounded in blocks of 32 weights along their rows, as ggml's reference does it; all else is kept as it is. What
//! that costs is measured as it is done: every block is turned back into floats and compared.

mod options;
mod report;
mod rounding;
mod tensor;
mod write;

pub use options::{QuantizeOptions, QuantizeProgress, QuantizedType};
pub use report::{QuantizeReport, QuantizedTensor};
pub use write::quantize;
