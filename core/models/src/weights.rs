use crate::gguf::{Gguf, TensorInfo};
use crate::map::Bytes;
use crate::nn::{Config, Linear, Matrix};
use crate::packed::Packed;
use crate::{Error, Result};

/// Takes tensors out of a GGUF file by name and checks their shapes.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Weights<'a> {
    gguf: &'a Gguf,
    packed: &'a Packed,
    context: Option<usize>,
}

impl<'a> Weights<'a> {
    pub(crate) fn new(gguf: &'a Gguf, packed: &'a Packed, context: Option<usize>) -> Self {
        Self { gguf, packed, context }
    }

    /// The context length that was asked for.
    pub(crate) fn context(self) -> Option<usize> {
        self.context
    }

    /// The file.
    pub(crate) fn gguf(self) -> &'a Gguf {
        self.gguf
    }

    /// The model's name.
    pub(crate) fn model(self) -> Result<String> {
        self.gguf.name()
    }

    pub(crate) fn has(self, name: &str) -> bool {
        self.gguf.tensor(name).is_some()
    }

    /// Refuses a file in which a layer lacks the tensor `blk.….{part}`.
    pub(crate) fn require_in_layers(self, layers: usize, part: &str) -> Result<()> {
        let missing = (0..layers).map(|index| format!("blk.{index}.{part}")).find(|name| !self.has(name));
        missing.map_or(Ok(()), |name| Err(Error::tensor(name, "is missing from the file")))
    }

    /// A matrix, which is used where it lies.
    pub(crate) fn matrix(self, name: &str, rows: usize, columns: usize) -> Result<Matrix> {
        let info = self.shaped(name, &[rows, columns])?;
        let shape = [rows, columns];
        if let (Some(bytes), Some(kind)) = (self.packed.get(name), info.quantisation.kernel()) {
            return Ok(Matrix::packed(name, bytes, kind, info.quantisation, shape));
        }
        let bytes = Bytes::mapped(self.gguf.file().clone(), info.offset..info.offset + info.length);
        Ok(Matrix::plain(name, bytes, info.quantisation, shape))
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

    /// What the rotation of each pair is divided by, if the file has a tensor of this name.
    pub(crate) fn rope_factors(self, name: &str, config: &Config) -> Result<Option<Vec<f32>>> {
        let factors = self.optional_vector(name, config.rope_dimensions / 2)?;
        match factors.iter().flatten().find(|factor| !(factor.is_finite() && **factor > 0.0)) {
            None => Ok(factors),
            Some(factor) => Err(Error::tensor(name, format!("expected positive numbers, got {factor}"))),
        }
    }

    /// The matrix `{name}.weight` with the bias `{name}.bias`, if there is one.
    pub(crate) fn linear(self, name: &str, rows: usize, columns: usize) -> Result<Linear> {
        let weight = self.matrix(&format!("{name}.weight"), rows, columns)?;
        Ok(Linear::new(weight, self.optional_vector(&format!("{name}.bias"), rows)?))
    }

    /// Rows that are joined into one matrix `{name}.weight`, one [`Linear`] for each number of them.
    pub(crate) fn joined<const PARTS: usize>(
        self,
        name: &str,
        rows: [usize; PARTS],
        columns: usize,
    ) -> Result<[Linear; PARTS]> {
        let total = rows.iter().sum();
        let weight = self.matrix(&format!("{name}.weight"), total, columns)?;
        let bias = self.optional_vector(&format!("{name}.bias"), total)?;
        let mut parts = Vec::with_capacity(PARTS);
        let mut first = 0;
        for rows in rows {
            let part = first..first + rows;
            first = part.end;
            let bias = bias.as_ref().map(|bias| bias[part.clone()].to_vec());
            parts.push(Linear::new(weight.part(part)?, bias));
        }
        Ok(parts.try_into().expect("there is a part for each number of rows"))
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
