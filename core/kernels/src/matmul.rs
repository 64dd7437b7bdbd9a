//! The product of activations with quantised weights: checks, threads, dispatch.

use std::ops::Range;

use crate::activations::Activations;
use crate::cpu::{self, Level};
use crate::packed::{BAND, Band};
use crate::quant_type::{QuantType, ShapeError};
use crate::scalar;
use crate::split::{self, SMALL, Task};
#[cfg(target_arch = "x86_64")]
use crate::{amx::Amx, avx2::Avx2, avx512::Avx512};

#[cfg(test)]
mod tests;

/// Computes `out[m, n] = x[m, k] · weights[n, k]ᵀ`, all row-major.
///
/// `weights` are `n` rows that [`pack`](crate::pack) has packed, at any alignment. Each row of `x` is quantised in groups
/// of 16 or 32 values, as the weights are: to 8 bits, or to 16 where a group is far above its row. Runs on several
/// threads, or on the calling one if the product is small. A row of `out` depends on its row of `x` only, to the
/// bit; it is NaN where the row of `x` has a value that is not finite.
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
    matmul_each(x, m, k, &mut [Factor { kind, weights, n, out }])
}

/// Weights that are multiplied with the same activations as others.
#[derive(Debug)]
pub struct Factor<'a> {
    /// Their format.
    pub kind: QuantType,
    /// The packed rows.
    pub weights: &'a [u8],
    /// The number of rows.
    pub n: usize,
    /// `[m][n]`, where the product goes.
    pub out: &'a mut [f32],
}

/// [`matmul`] of the same activations with several weights, which wakes the threads once for all.
///
/// # Errors
///
/// As for [`matmul`]; nothing is computed then.
pub fn matmul_each(x: &[f32], m: usize, k: usize, factors: &mut [Factor<'_>]) -> Result<(), ShapeError> {
    matmul_each_at(cpu::active(), x, m, k, factors)
}

/// [`matmul_each`] with the code of `level`, which must be available.
pub(crate) fn matmul_each_at(
    level: Level,
    x: &[f32],
    m: usize,
    k: usize,
    factors: &mut [Factor<'_>],
) -> Result<(), ShapeError> {
    for Factor { kind, weights, n, out } in &*factors {
        if kind.row_bytes(k).is_none() {
            return Err(ShapeError::Row { kind: *kind, len: k });
        }
        ShapeError::check("weights", weights.len(), kind.packed_bytes(*n, k))?;
        ShapeError::check("x", x.len(), m.checked_mul(k))?;
        ShapeError::check("out", out.len(), m.checked_mul(*n))?;
    }
    if m == 0 || k == 0 {
        for factor in factors {
            factor.out.fill(0.0);
        }
        return Ok(());
    }
    let columns: usize = factors.iter().map(|factor| factor.n).sum();
    let multiplications = columns.saturating_mul(k).saturating_mul(m);
    let (small, step) = (multiplications < SMALL, split::step(columns, multiplications, BAND));

    let used = |kind: &QuantType| factors.iter().any(|factor| factor.kind == *kind);
    let quantize = |kind| (kind, Activations::new(kind, x, k, small));
    let activations: Vec<(QuantType, Activations)> =
        QuantType::ALL.into_iter().filter(used).map(quantize).collect();
    let mut tasks = Vec::new();
    for Factor { kind, weights, n, out } in factors {
        let of_kind = activations.iter().find(|(of, _)| of == kind).map(|(_, activations)| activations);
        let (Some(x), Some(row_bytes)) = (of_kind, kind.row_bytes(k)) else { continue };
        let product = Product { kind: *kind, weights, row_bytes, x };
        tasks.extend(split::columns(out, *n, step).into_iter().map(|task| (product, task)));
    }
    let run = |(product, (columns, mut out)): (Product<'_>, Task<'_>)| {
        product.columns(level, columns, &mut out);
    };
    split::run(tasks, multiplications, run);
    Ok(())
}

/// The product of packed weights with `x`, by the code of `level`.
#[cfg(test)]
pub(crate) fn multiply_at(
    level: Level,
    kind: QuantType,
    weights: &[u8],
    n: usize,
    k: usize,
    x: &[f32],
) -> Vec<f32> {
    let m = x.len() / k;
    let mut out = vec![f32::NAN; m * n];
    matmul_each_at(level, x, m, k, &mut [Factor { kind, weights, n, out: &mut out }])
        .expect("tests give slices of the right lengths");
    out
}

/// A product with checked shapes.
#[derive(Debug, Clone, Copy)]
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
        let done = match level {
            Level::Amx => Amx::new().map(|simd| simd.columns(self, columns.clone(), out)),
            Level::Avx512Vnni => Avx512::new().map(|simd| simd.columns(None, self, columns.clone(), out)),
            Level::Avx2 => Avx2::new().map(|simd| simd.columns(self, columns.clone(), out)),
            Level::Scalar => None,
        };
        if done.is_none() {
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
