use serde::{Deserialize, Serialize};

/// What quantising a model has made of its weights.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct QuantizeReport {
    /// The length in bytes of the files that held the weights.
    pub source_bytes: u64,
    /// The length in bytes of the file that was written.
    pub target_bytes: u64,
    /// All tensors of that file, in its order.
    pub tensors: Vec<QuantizedTensor>,
}

/// One tensor before and after.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct QuantizedTensor {
    /// GGUF's name of it.
    pub name: String,
    /// The dimensions, the slowest first.
    pub shape: Vec<usize>,
    /// How its numbers were stored, for example `BF16`.
    pub from_type: String,
    /// How they are stored now: matrices in the type that was asked for, or in `F16` if their rows are no multiple of 32
    /// long; all others in `F32`.
    pub to_type: String,
    /// The root of the mean square of the changes, as a part of that of the numbers; 0 if nothing was changed.
    pub relative_error: f64,
}

impl QuantizeReport {
    /// The tensor with the greatest relative error; none if nothing was changed.
    pub fn worst(&self) -> Option<&QuantizedTensor> {
        let changed = self.tensors.iter().filter(|tensor| tensor.relative_error > 0.0);
        changed.max_by(|one, other| one.relative_error.total_cmp(&other.relative_error))
    }
}
