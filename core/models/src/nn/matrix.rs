use std::ops::Range;

use rushlight_kernels::{
    Factor, FloatFactor, QuantType, dequantize_packed_row, dot, for_each, matmul_each, matmul_floats,
};

use crate::map::Bytes;
use crate::quantisation::Quantisation;
use crate::{Error, Result, WeightLayout};

/// A weight matrix `[rows, columns]`.
#[derive(Debug, Clone)]
pub(crate) struct Matrix {
    pub(crate) name: String,
    pub(crate) bytes: Bytes,
    pub(crate) quantisation: Quantisation,
    /// The kernels' type of the bytes, if they are packed.
    packed: Option<QuantType>,
    pub(crate) rows: usize,
    pub(crate) columns: usize,
}

impl Matrix {
    /// A matrix whose bytes are packed.
    pub(crate) fn packed(
        name: &str,
        bytes: Bytes,
        kind: QuantType,
        of: Quantisation,
        shape: [usize; 2],
    ) -> Self {
        let [rows, columns] = shape;
        Self { name: name.to_owned(), bytes, quantisation: of, packed: Some(kind), rows, columns }
    }

    /// A matrix whose bytes are those of the model's file.
    pub(crate) fn plain(name: &str, bytes: Bytes, quantisation: Quantisation, shape: [usize; 2]) -> Self {
        let [rows, columns] = shape;
        Self { name: name.to_owned(), bytes, quantisation, packed: None, rows, columns }
    }

    /// Some of its rows as a matrix of their own.
    ///
    /// Fails if they don't begin where packed rows can be split.
    pub(crate) fn part(&self, rows: Range<usize>) -> Result<Self> {
        let start = rows.start * self.row_bytes();
        let length = match self.packed {
            None => rows.len() * self.row_bytes(),
            Some(kind) if kind.packed_bytes(rows.start, self.columns) == Some(start) => {
                kind.packed_bytes(rows.len(), self.columns).unwrap_or_default()
            }
            Some(_) => {
                let message = format!("expected packed parts of a multiple of 16 rows, got {}", rows.start);
                return Err(Error::tensor(&self.name, message));
            }
        };
        Ok(Self { bytes: self.bytes.part(start..start + length), rows: rows.len(), ..self.clone() })
    }

    pub(crate) fn rows(&self) -> usize {
        self.rows
    }

    /// How its bytes lie in memory.
    pub(crate) fn layout(&self) -> WeightLayout {
        match (self.packed, self.bytes.is_mapped()) {
            (None, _) => WeightLayout::Original,
            (Some(_), true) => WeightLayout::PackedFile,
            (Some(_), false) => WeightLayout::PackedMemory,
        }
    }

    /// The tensor's name and type, for messages.
    pub(crate) fn describe(&self) -> String {
        format!("{} ({})", self.name, self.quantisation)
    }

    /// Computes `out[m, rows] = x[m, columns] · selfᵀ`.
    pub(crate) fn multiply(&self, x: &[f32], out: &mut [f32]) -> Result<()> {
        Self::multiply_each(x, x.len() / self.columns, &mut [(self, out)])
    }

    /// The product of the same `x` with several matrices, each to its `out`.
    pub(crate) fn multiply_each(x: &[f32], m: usize, products: &mut [(&Self, &mut [f32])]) -> Result<()> {
        let Some(&(first, _)) = products.first() else {
            return Ok(());
        };
        let (mut packed, mut floats) = (Vec::with_capacity(products.len()), Vec::new());
        for (matrix, out) in products {
            let (weights, n) = (matrix.bytes.get(), matrix.rows);
            match (matrix.packed, matrix.quantisation.float_kernel()) {
                (Some(kind), _) => packed.push(Factor { kind, weights, n, out }),
                (None, Some(kind)) => floats.push(FloatFactor { kind, weights, n, out }),
                (None, None) => matrix.multiply_rows(x, m, out),
            }
        }
        matmul_each(x, m, first.columns, &mut packed)
            .and_then(|()| matmul_floats(x, m, first.columns, &mut floats))
            .map_err(|error| Error::tensor(&first.name, error.to_string()))
    }

    /// Writes one row's values to `out`.
    pub(crate) fn row(&self, index: usize, out: &mut [f32]) {
        if let Some(kind) = self.packed {
            dequantize_packed_row(kind, self.bytes.get(), index, out)
                .expect("callers ask for rows that it has");
        } else {
            let bytes = self.row_bytes();
            self.quantisation.dequantise(&self.bytes.get()[index * bytes..(index + 1) * bytes], out);
        }
    }

    fn row_bytes(&self) -> usize {
        self.columns / self.quantisation.block() * self.quantisation.block_bytes()
    }

    /// The way of the few matrices that the kernels don't take (less than 16 rows, ggml's types of activations): each row
    /// is converted once for all of `x`.
    fn multiply_rows(&self, x: &[f32], m: usize, out: &mut [f32]) {
        let mut transposed = vec![0.0; out.len()];
        let tasks = transposed.chunks_mut(m).enumerate().collect();
        for_each(tasks, |(index, products): (usize, &mut [f32])| {
            let mut weights = vec![0.0; self.columns];
            self.row(index, &mut weights);
            for (product, x) in products.iter_mut().zip(x.chunks_exact(self.columns)) {
                *product = dot(&weights, x);
            }
        });
        for (index, products) in transposed.chunks_exact(m).enumerate() {
            for (row, product) in products.iter().enumerate() {
                out[row * self.rows + index] = *product;
            }
        }
    }
}
