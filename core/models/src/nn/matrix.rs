use std::ops::Range;

use rayon::prelude::*;
use rushlight_kernels::{dot, matmul};

use crate::gguf::TensorInfo;
use crate::map::MappedFile;
use crate::quantisation::Quantisation;
use crate::{Error, Result};

/// A weight matrix `[rows, columns]` that lies in a memory-mapped file, in the file's own format.
#[derive(Debug, Clone)]
pub(crate) struct Matrix {
    name: String,
    file: MappedFile,
    range: Range<usize>,
    quantisation: Quantisation,
    rows: usize,
    columns: usize,
}

impl Matrix {
    /// The matrix of a tensor with two dimensions.
    pub(crate) fn new(name: &str, file: MappedFile, info: &TensorInfo) -> Self {
        Self {
            name: name.to_owned(),
            file,
            range: info.offset..info.offset + info.length,
            quantisation: info.quantisation,
            rows: info.shape[0],
            columns: info.shape[1],
        }
    }

    pub(crate) fn rows(&self) -> usize {
        self.rows
    }

    /// The tensor's name and type, for messages.
    pub(crate) fn describe(&self) -> String {
        format!("{} ({})", self.name, self.quantisation)
    }

    /// Computes `out[m, rows] = x[m, columns] · selfᵀ`.
    pub(crate) fn multiply(&self, x: &[f32], out: &mut [f32]) -> Result<()> {
        let m = x.len() / self.columns;
        if let Some(kind) = self.quantisation.kernel() {
            return matmul(kind, self.bytes(), self.rows, self.columns, x, m, out)
                .map_err(|error| Error::tensor(&self.name, error.to_string()));
        }
        self.multiply_floats(x, m, out);
        Ok(())
    }

    /// Writes one row's values to `out`.
    pub(crate) fn row(&self, index: usize, out: &mut [f32]) {
        let bytes = self.row_bytes();
        self.quantisation.dequantise(&self.bytes()[index * bytes..(index + 1) * bytes], out);
    }

    fn bytes(&self) -> &[u8] {
        &self.file.bytes()[self.range.clone()]
    }

    fn row_bytes(&self) -> usize {
        self.columns / self.quantisation.block() * self.quantisation.block_bytes()
    }

    /// The way of the types that have no kernel: each row is converted once for all of `x`.
    fn multiply_floats(&self, x: &[f32], m: usize, out: &mut [f32]) {
        let mut transposed = vec![0.0; out.len()];
        transposed.par_chunks_mut(m).enumerate().for_each_init(
            || vec![0.0; self.columns],
            |weights, (index, products)| {
                self.row(index, weights);
                for (product, x) in products.iter_mut().zip(x.chunks_exact(self.columns)) {
                    *product = dot(weights, x);
                }
            },
        );
        for (index, products) in transposed.chunks_exact(m).enumerate() {
            for (row, product) in products.iter().enumerate() {
                out[row * self.rows + index] = *product;
            }
        }
    }
}
