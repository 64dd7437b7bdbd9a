use crate::gguf::{Gguf, TensorInfo};
use crate::nn::{Linear, Matrix};
use crate::{Error, Result};

/// Takes tensors out of a GGUF file by name and checks their shapes.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Weights<'a> {
    gguf: &'a Gguf,
}

impl<'a> Weights<'a> {
    pub(crate) fn new(gguf: &'a Gguf) -> Self {
        Self { gguf }
    }

    /// The model's name.
    pub(crate) fn model(self) -> Result<String> {
        self.gguf.name()
    }

    pub(crate) fn has(self, name: &str) -> bool {
        self.gguf.tensor(name).is_some()
    }

    /// A matrix that stays in the memory map.
    pub(crate) fn matrix(self, name: &str, rows: usize, columns: usize) -> Result<Matrix> {
        let info = self.shaped(name, &[rows, columns])?;
        Ok(Matrix::new(name, self.gguf.file().clone(), info))
    }

    /// The rows of a matrix, if only its columns are known.
    pub(crate) fn rows(self, name: &str) -> Result<usize> {
        let info = self.info(name)?;
        match info.shape[..] {
            [rows, _] => Ok(rows),
            _ => Err(Error::tensor(name, format!("expected 2 dimensions, got {}", info.shape.len()))),
        }
    }

    /// A vector, converted to f32.
    pub(crate) fn vector(self, name: &str, length: usize) -> Result<Vec<f32>> {
        let info = self.shaped(name, &[length])?;
        let mut vector = vec![0.0; length];
        let bytes = &self.gguf.file().bytes()[info.offset..info.offset + info.length];
        info.quantisation.dequantise(bytes, &mut vector);
        Ok(vector)
    }

    /// A vector, or none if the file has no tensor of this name.
    pub(crate) fn optional_vector(self, name: &str, length: usize) -> Result<Option<Vec<f32>>> {
        if self.has(name) { self.vector(name, length).map(Some) } else { Ok(None) }
    }

    /// The matrix `{name}.weight` with the bias `{name}.bias`, if there is one.
    pub(crate) fn linear(self, name: &str, rows: usize, columns: usize) -> Result<Linear> {
        let weight = self.matrix(&format!("{name}.weight"), rows, columns)?;
        Ok(Linear::new(weight, self.optional_vector(&format!("{name}.bias"), rows)?))
    }

    fn info(self, name: &str) -> Result<&'a TensorInfo> {
        self.gguf.tensor(name).ok_or_else(|| Error::tensor(name, "is missing from the file"))
    }

    fn shaped(self, name: &str, shape: &[usize]) -> Result<&'a TensorInfo> {
        let info = self.info(name)?;
        if info.shape != shape {
            return Err(Error::tensor(name, format!("expected shape {shape:?}, got {:?}", info.shape)));
        }
        Ok(info)
    }
}
