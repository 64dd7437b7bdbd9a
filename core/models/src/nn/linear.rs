use super::Matrix;
use crate::Result;

/// A matrix product and an optional bias.
#[derive(Debug, Clone)]
pub(crate) struct Linear {
    weight: Matrix,
    bias: Option<Vec<f32>>,
}

impl Linear {
    pub(crate) fn new(weight: Matrix, bias: Option<Vec<f32>>) -> Self {
        Self { weight, bias }
    }

    /// Computes `out[m, outputs] = x[m, inputs] · weightᵀ + bias`, resizing `out`.
    pub(crate) fn forward(&self, x: &[f32], m: usize, out: &mut Vec<f32>) -> Result<()> {
        out.resize(m * self.weight.rows(), 0.0);
        self.weight.multiply(x, out)?;
        if let Some(bias) = &self.bias {
            for row in out.chunks_exact_mut(bias.len()) {
                for (out, bias) in row.iter_mut().zip(bias) {
                    *out += bias;
                }
            }
        }
        Ok(())
    }
}
