use std::path::Path;

use candle_core::safetensors::SliceSafetensors;

use crate::map::MappedFile;
use crate::quantisation::Quantisation;
use crate::{Error, Result};

/// A safetensors file whose header has been checked: offsets inside the file, one tensor after the other.
pub(crate) struct SafeTensors<'a> {
    tensors: SliceSafetensors<'a>,
    /// A prefix of all names, which some exporters write.
    prefix: &'static str,
}

impl<'a> SafeTensors<'a> {
    pub(crate) fn parse(file: &'a MappedFile) -> Result<Self> {
        Self::from_bytes(file.bytes(), file.path())
    }

    fn from_bytes(bytes: &'a [u8], path: &Path) -> Result<Self> {
        let tensors = SliceSafetensors::new(bytes).map_err(|error| Error::format(path, error.to_string()))?;
        Ok(Self { tensors, prefix: "" })
    }

    /// Looks names up below `prefix` if this tensor is there.
    pub(crate) fn with_prefix(mut self, prefix: &'static str, name: &str) -> Self {
        if self.tensors.get(&format!("{prefix}{name}")).is_ok() {
            self.prefix = prefix;
        }
        self
    }

    /// The values of a tensor of this shape, converted to f32.
    pub(crate) fn values(&self, name: &str, shape: &[usize]) -> Result<Vec<f32>> {
        let name = format!("{}{name}", self.prefix);
        let Ok(tensor) = self.tensors.get(&name) else {
            return Err(Error::tensor(name, "is missing from the file"));
        };
        if tensor.shape() != shape {
            return Err(Error::tensor(name, format!("expected shape {shape:?}, got {:?}", tensor.shape())));
        }
        let kind = format!("{:?}", tensor.dtype());
        let Some(kind) = Quantisation::float(&kind) else {
            return Err(Error::tensor(name, format!("expected F32, F16 or BF16, got {kind}")));
        };
        let mut values = vec![0.0; shape.iter().product()];
        kind.dequantise(tensor.data(), &mut values);
        Ok(values)
    }
}

#[cfg(test)]
mod tests;
