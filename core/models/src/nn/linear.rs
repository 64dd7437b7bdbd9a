use super::Matrix;
use crate::{Result, WeightLayout};

/// A matrix product and an optional bias.
#[derive(Debug, Clone)]
pub(crate) struct Linear {
    pub(crate) weight: Matrix,
    pub(crate) bias: Option<Vec<f32>>,
}

impl Linear {
    pub(crate) fn new(weight: Matrix, bias: Option<Vec<f32>>) -> Self {
        Self { weight, bias }
    }

    pub(crate) fn layout(&self) -> WeightLayout {
        self.weight.layout()
    }

    /// Computes `out[m, outputs] = x[m, inputs] · weightᵀ + bias`, resizing `out`.
    pub(crate) fn forward(&self, x: &[f32], m: usize, out: &mut Vec<f32>) -> Result<()> {
        Self::forward_each(x, m, [(self, out)])
    }

    /// [`forward`](Self::forward) of the same `x` through several, which wakes the threads once for all.
    pub(crate) fn forward_each<const COUNT: usize>(
        x: &[f32],
        m: usize,
        mut products: [(&Self, &mut Vec<f32>); COUNT],
    ) -> Result<()> {
        let mut outs = products.each_mut().map(|(linear, out)| {
            out.resize(m * linear.weight.rows(), 0.0);
            (&linear.weight, &mut out[..])
        });
        Matrix::multiply_each(x, m, &mut outs)?;
        for (linear, out) in products {
            let Some(bias) = &linear.bias else { continue };
            for row in out.chunks_exact_mut(bias.len()) {
                for (out, bias) in row.iter_mut().zip(bias) {
                    *out += bias;
                }
            }
        }
        Ok(())
    }
}
