use rushlight_kernels::{FixedMatrix, ShapeError};

pub(crate) use rushlight_kernels::Activation as DenseActivation;

use crate::{Error, Result};

/// A product with weights of 13 bits, a bias and an activation.
#[derive(Debug, Clone)]
pub(crate) struct Dense {
    matrix: FixedMatrix,
    activation: DenseActivation,
}

impl Dense {
    /// Quantises `weights [bias.len(), inputs]`.
    pub(crate) fn new(
        weights: &[f32],
        bias: &[f32],
        inputs: usize,
        activation: DenseActivation,
    ) -> Result<Self> {
        let invalid = |error: ShapeError| Error::invalid("weights", error.to_string());
        Ok(Self { matrix: FixedMatrix::quantize(weights, bias, inputs).map_err(invalid)?, activation })
    }

    /// Computes `out[m, outputs] = activation(x[m, inputs] · weightsᵀ + bias)`, resizing `out`.
    pub(crate) fn forward(&self, x: &[f32], out: &mut Vec<f32>) -> Result<()> {
        let m = x.len() / self.matrix.k();
        out.resize(m * self.matrix.n(), 0.0);
        let invalid = |error: ShapeError| Error::invalid("activations", error.to_string());
        self.matrix.multiply(x, m, self.activation, out).map_err(invalid)
    }
}
