use std::collections::HashMap;

use rushlight_kernels::{LANES, QuantType};

use crate::map::Bytes;
use crate::nn::{Config, Linear, Matrix};
use crate::packed::{self, Packed};
use crate::quantisation::Quantisation;
use crate::{Error, Result};

/// The tensors of a model, asked for by GGUF's names; their shapes are checked.
#[derive(Debug)]
pub(crate) struct Weights {
    model: String,
    tensors: HashMap<String, Tensor>,
    names: Names,
}

/// The name that the files have for GGUF's name.
pub(crate) type Names = fn(&str) -> String;

/// One tensor.
#[derive(Debug)]
pub(crate) struct Tensor {
    /// The dimensions, the slowest first.
    pub(crate) shape: Vec<usize>,
    /// How its numbers are stored, or the name of a type that cannot be computed with.
    pub(crate) kind: Result<Quantisation, String>,
    pub(crate) bytes: Bytes,
    /// The same numbers in the order in which the kernels read them, if they are packed.
    pub(crate) packed: Option<(QuantType, Bytes)>,
}

impl Tensor {
    /// A vector that is in no file.
    pub(crate) fn made(values: &[f32]) -> Self {
        let bytes = values.iter().flat_map(|value| value.to_le_bytes()).collect();
        Self {
            shape: vec![values.len()],
            kind: Ok(Quantisation::F32),
            bytes: Bytes::owned(bytes),
            packed: None,
        }
    }

    /// How its numbers are stored.
    pub(crate) fn quantisation(&self, name: &str) -> Result<Quantisation> {
        self.kind
            .clone()
            .map_err(|kind| Error::tensor(name, format!("expected F32, F16 or BF16, got {kind}")))
    }

    /// Its numbers, converted to f32.
    pub(crate) fn values(&self, name: &str) -> Result<Vec<f32>> {
        let mut values = vec![0.0; self.elements()];
        self.quantisation(name)?.dequantise(self.bytes.get(), &mut values);
        Ok(values)
    }

    fn elements(&self) -> usize {
        self.shape.iter().product()
    }

    fn bytes_in_use(&self) -> usize {
        let kernel = self.kind.as_ref().ok().and_then(|&kind| packed::kind(&self.shape, kind));
        match (&self.shape[..], kernel) {
            (&[rows, columns], Some(kernel)) => kernel.packed_bytes(rows, columns).unwrap_or_default(),
            ([_], _) => self.elements() * size_of::<f32>(),
            _ => self.bytes.get().len(),
        }
    }
}

impl Weights {
    /// The tensors of a model, by the names that its files have for them.
    pub(crate) fn new(model: &str, tensors: HashMap<String, Tensor>, names: Names) -> Self {
        Self { model: model.to_owned(), tensors, names }
    }

    /// Takes the packed form of the matrices that have one.
    pub(crate) fn set_packed(&mut self, packed: &Packed) {
        for (name, tensor) in &mut self.tensors {
            let kernel = tensor.kind.as_ref().ok().and_then(|kind| kind.kernel());
            tensor.packed = kernel.zip(packed.get(name));
        }
    }

    /// The model's name.
    pub(crate) fn model(&self) -> &str {
        &self.model
    }

    /// Shows names, types and shapes of all tensors and a sample of each one's bytes, in a fixed order: what a hash must
    /// see to tell models apart without reading them.
    pub(crate) fn sample(&self, mut see: impl FnMut(&[u8])) {
        const SAMPLE: usize = 512;
        let mut tensors: Vec<(&String, &Tensor)> = self.tensors.iter().collect();
        tensors.sort_unstable_by_key(|(name, _)| *name);
        for (name, tensor) in tensors {
            see(format!("{name:?} {:?} {:?}", tensor.kind, tensor.shape).as_bytes());
            let bytes = tensor.bytes.get();
            see(&bytes[..bytes.len().min(SAMPLE)]);
        }
    }

    /// All tensors by the files' names, in no order.
    pub(crate) fn tensors(&self) -> impl Iterator<Item = (&str, &Tensor)> {
        self.tensors.iter().map(|(name, tensor)| (name.as_str(), tensor))
    }

    /// The number of weights.
    pub(crate) fn parameters(&self) -> u64 {
        self.tensors.values().map(|tensor| tensor.elements() as u64).sum()
    }

    /// The bytes that they take in memory: packed matrices, matrices as they are in the files, and vectors, which are
    /// converted to f32.
    pub(crate) fn bytes(&self) -> usize {
        self.tensors.values().map(Tensor::bytes_in_use).sum()
    }

    /// The type that holds most weights.
    pub(crate) fn commonest(&self) -> String {
        let weight = |kind: Quantisation| -> usize {
            self.tensors.values().filter(|tensor| tensor.kind == Ok(kind)).map(Tensor::elements).sum()
        };
        let commonest = Quantisation::ALL.into_iter().max_by_key(|&kind| weight(kind));
        commonest.map(|kind| kind.to_string()).unwrap_or_default()
    }

    /// What the files call a tensor.
    pub(crate) fn own_name(&self, name: &str) -> String {
        (self.names)(name)
    }

    pub(crate) fn has(&self, name: &str) -> bool {
        self.tensors.contains_key(&self.own_name(name))
    }

    /// Refuses a model in which a layer lacks the tensor `blk.….{part}`.
    pub(crate) fn require_in_layers(&self, layers: usize, part: &str) -> Result<()> {
        (0..layers).try_for_each(|index| self.find(&format!("blk.{index}.{part}")).map(drop))
    }

    /// A matrix, which is used where it lies.
    pub(crate) fn matrix(&self, name: &str, rows: usize, columns: usize) -> Result<Matrix> {
        let (own_name, tensor) = self.shaped(name, &[rows, columns])?;
        let Some((packed, bytes)) = &tensor.packed else { return self.plain_matrix(name, rows, columns) };
        let kind = tensor.quantisation(&own_name)?;
        Ok(Matrix::packed(&own_name, bytes.clone(), *packed, kind, [rows, columns]))
    }

    /// A matrix as it lies in the file.
    fn plain_matrix(&self, name: &str, rows: usize, columns: usize) -> Result<Matrix> {
        let (name, tensor) = self.shaped(name, &[rows, columns])?;
        Ok(Matrix::plain(&name, tensor.bytes.clone(), tensor.quantisation(&name)?, [rows, columns]))
    }

    /// The rows of a matrix, if only its columns are known.
    pub(crate) fn rows(&self, name: &str) -> Result<usize> {
        let (name, tensor) = self.find(name)?;
        match tensor.shape[..] {
            [rows, _] => Ok(rows),
            _ => Err(Error::tensor(name, format!("expected 2 dimensions, got {}", tensor.shape.len()))),
        }
    }

    /// A vector, converted to f32.
    pub(crate) fn vector(&self, name: &str, length: usize) -> Result<Vec<f32>> {
        let (name, tensor) = self.shaped(name, &[length])?;
        tensor.values(&name)
    }

    /// A vector, or none if no tensor has this name.
    pub(crate) fn optional_vector(&self, name: &str, length: usize) -> Result<Option<Vec<f32>>> {
        if self.has(name) { self.vector(name, length).map(Some) } else { Ok(None) }
    }

    /// What the rotation of each pair is divided by, if a tensor has this name.
    pub(crate) fn rope_factors(&self, name: &str, config: &Config) -> Result<Option<Vec<f32>>> {
        let factors = self.optional_vector(name, config.rope_dimensions / 2)?;
        match factors.iter().flatten().find(|factor| !(factor.is_finite() && **factor > 0.0)) {
            None => Ok(factors),
            Some(factor) => Err(Error::tensor(name, format!("expected positive numbers, got {factor}"))),
        }
    }

    /// The matrix `{name}.weight` with the bias `{name}.bias`, if there is one.
    pub(crate) fn linear(&self, name: &str, rows: usize, columns: usize) -> Result<Linear> {
        let weight = self.matrix(&format!("{name}.weight"), rows, columns)?;
        Ok(Linear::new(weight, self.optional_vector(&format!("{name}.bias"), rows)?))
    }

    /// Rows that are joined into one matrix `{name}.weight`, one [`Linear`] for each number of them. They are used where they
    /// lie in the file if their packed form cannot be split between them.
    pub(crate) fn joined<const PARTS: usize>(
        &self,
        name: &str,
        rows: [usize; PARTS],
        columns: usize,
    ) -> Result<[Linear; PARTS]> {
        let total = rows.iter().sum();
        let matrix = format!("{name}.weight");
        let can_be_split = rows.iter().all(|rows| rows.is_multiple_of(LANES));
        let weight = if can_be_split {
            self.matrix(&matrix, total, columns)?
        } else {
            self.plain_matrix(&matrix, total, columns)?
        };
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

    /// A tensor and what the files call it.
    fn find(&self, name: &str) -> Result<(String, &Tensor)> {
        let name = self.own_name(name);
        match self.tensors.get(&name) {
            Some(tensor) => Ok((name, tensor)),
            None => Err(Error::tensor(name, "is missing from the file")),
        }
    }

    fn shaped(&self, name: &str, shape: &[usize]) -> Result<(String, &Tensor)> {
        let (name, tensor) = self.find(name)?;
        if tensor.shape != shape {
            return Err(Error::tensor(name, format!("expected shape {shape:?}, got {:?}", tensor.shape)));
        }
        Ok((name, tensor))
    }
}
