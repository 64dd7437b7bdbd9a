use rushlight_kernels::DenseMatrix;

use super::rows::for_each_row;
use crate::{Error, Result};

/// A product with f32 weights, packed for the kernel, and a bias.
#[derive(Debug, Clone)]
pub(crate) struct Dense {
    matrix: DenseMatrix,
    bias: Vec<f32>,
}

impl Dense {
    /// Packs `weights [bias.len(), inputs]`.
    pub(crate) fn new(weights: &[f32], bias: Vec<f32>, inputs: usize) -> Result<Self> {
        let matrix = DenseMatrix::pack(weights, bias.len(), inputs)
            .map_err(|error| Error::invalid("weights", error.to_string()))?;
        Ok(Self { matrix, bias })
    }

    /// Computes `out[m, outputs] = x[m, inputs] · weightsᵀ + bias`, resizing `out`, and hands each row to `then`.
    pub(crate) fn forward_then(
        &self,
        x: &[f32],
        out: &mut Vec<f32>,
        then: impl Fn(&mut [f32]) + Sync,
    ) -> Result<()> {
        let m = x.len() / self.matrix.k();
        out.resize(m * self.bias.len(), 0.0);
        self.matrix.multiply(x, m, out).map_err(|error| Error::invalid("activations", error.to_string()))?;
        for_each_row(out, self.bias.len(), |_, row| {
            for (out, bias) in row.iter_mut().zip(&self.bias) {
                *out += bias;
            }
            then(row);
        });
        Ok(())
    }

    /// Computes `out[m, outputs] = x[m, inputs] · weightsᵀ + bias`, resizing `out`.
    pub(crate) fn forward(&self, x: &[f32], out: &mut Vec<f32>) -> Result<()> {
        self.forward_then(x, out, |_| ())
    }
}
