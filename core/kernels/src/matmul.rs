//! The product of activations with quantised weights: checks, threads, dispatch.

use std::ops::Range;

use rayon::prelude::*;

use crate::activations::Activations;
use crate::cpu::{self, Level};
use crate::packed::{BAND, Band};
use crate::quant_type::{QuantType, ShapeError};
use crate::scalar;
#[cfg(target_arch = "x86_64")]
use crate::{avx2::Avx2, avx512::Avx512};

#[cfg(test)]
mod tests;

/// Multiplications below which a product stays on the calling thread: waking another one takes longer.
const SMALL: usize = 1 << 18;

/// Computes `out[m, n] = x[m, k] · weights[n, k]ᵀ`, all row-major.
///
/// `weights` are `n` rows that [`pack`](crate::pack) has packed, at any alignment. Each row of `x` is quantised to 8 bits exactly as ggml does for this format. Runs on rayon's
/// current pool, or on the calling thread if the product is small. A row of `out` depends on its row of `x` only,
/// to the bit; it is NaN where the row of `x` has a value that is not finite.
///
/// # Errors
///
/// [`ShapeError`] if `k` is no whole number of blocks or a slice doesn't have the length of its shape.
pub fn matmul(
    kind: QuantType,
    weights: &[u8],
    n: usize,
    k: usize,
    x: &[f32],
    m: usize,
    out: &mut [f32],
) -> Result<(), ShapeError> {
    matmul_at(cpu::active(), kind, Shape { n, k, m }, weights, x, out)
}

/// The three sizes of a product.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Shape {
    pub(crate) n: usize,
    pub(crate) k: usize,
    pub(crate) m: usize,
}

/// [`matmul`] with the code of `level`, which must be available.
pub(crate) fn matmul_at(
    level: Level,
    kind: QuantType,
    shape: Shape,
    weights: &[u8],
    x: &[f32],
    out: &mut [f32],
) -> Result<(), ShapeError> {
    let Shape { n, k, m } = shape;
    let row_bytes = kind.row_bytes(k).ok_or(ShapeError::Row { kind, len: k })?;
    ShapeError::check("weights", weights.len(), kind.packed_bytes(n, k))?;
    ShapeError::check("x", x.len(), m.checked_mul(k))?;
    ShapeError::check("out", out.len(), m.checked_mul(n))?;
    if out.is_empty() {
        return Ok(());
    }
    if k == 0 {
        out.fill(0.0);
        return Ok(());
    }

    let small = n.saturating_mul(k).saturating_mul(m) < SMALL;
    let activations = Activations::new(kind, x, k, small);
    let product = Product { kind, weights, row_bytes, x: &activations };
    let tasks = if small { 1 } else { 4 * rayon::current_num_threads() };
    let run =
        |(columns, mut rows): (Range<usize>, Vec<&mut [f32]>)| product.columns(level, columns, &mut rows);
    split_columns(out, n, tasks).into_par_iter().with_max_len(1).for_each(run);
    Ok(())
}

/// Splits `out` into about `parts` ranges of columns, each with its piece of every row.
fn split_columns(out: &mut [f32], n: usize, parts: usize) -> Vec<(Range<usize>, Vec<&mut [f32]>)> {
    let step = n.div_ceil(parts).next_multiple_of(BAND);
    let mut tasks: Vec<(Range<usize>, Vec<&mut [f32]>)> =
        (0..n).step_by(step).map(|first| (first..n.min(first + step), Vec::new())).collect();
    for row in out.chunks_exact_mut(n) {
        for ((_, pieces), piece) in tasks.iter_mut().zip(row.chunks_mut(step)) {
            pieces.push(piece);
        }
    }
    tasks
}

/// A product with checked shapes.
#[derive(Debug)]
pub(crate) struct Product<'a> {
    pub(crate) kind: QuantType,
    pub(crate) weights: &'a [u8],
    pub(crate) row_bytes: usize,
    pub(crate) x: &'a Activations,
}

impl Product<'_> {
    /// Computes `columns` of the result; `out` has one slice for each row of `x`.
    #[cfg(target_arch = "x86_64")]
    fn columns(&self, level: Level, columns: Range<usize>, out: &mut [&mut [f32]]) {
        if let (Level::Avx512Vnni, Some(simd)) = (level, Avx512::new()) {
            simd.columns(self, columns, out);
        } else if let (Level::Avx2 | Level::Avx512Vnni, Some(simd)) = (level, Avx2::new()) {
            simd.columns(self, columns, out);
        } else {
            self.columns_scalar(columns, out);
        }
    }

    /// Computes `columns` of the result; `out` has one slice for each row of `x`.
    #[cfg(not(target_arch = "x86_64"))]
    fn columns(&self, _level: Level, columns: Range<usize>, out: &mut [&mut [f32]]) {
        self.columns_scalar(columns, out);
    }

    fn columns_scalar(&self, columns: Range<usize>, out: &mut [&mut [f32]]) {
        let mut sums = vec![0.0; out.len()];
        let bands: Vec<&[u8]> = self.weights.chunks_exact(BAND * self.row_bytes).collect();
        for (index, column) in columns.enumerate() {
            let band = Band::new(self.kind, bands[column / BAND], self.row_bytes);
            sums.fill(0.0);
            scalar::row(self.kind, &band, column % BAND, self.x, &mut sums);
            for (out, sum) in out.iter_mut().zip(&sums) {
                out[index] = *sum;
            }
        }
    }
}
