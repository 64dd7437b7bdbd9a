//! Products with weights of plain floats, read as they lie in a file.
//!
//! A few rows of weights are converted to f32, some columns at a time so that they stay in the cache, and serve all
//! rows of activations. Every sum has 16 lanes; each is a chain of fused multiply-adds in the order of the columns,
//! whatever the instruction set and however many rows are computed together, so all of them give the same bits.

use std::borrow::Cow;
use std::ops::Range;

use half::f16;

use crate::cpu::{self, Level};
use crate::halves;
use crate::panel::{LANES, Lanes};
use crate::quant_type::ShapeError;
use crate::split::{self, Task};
use crate::vector::{dispatch, total};

#[cfg(test)]
mod tests;

/// Rows of weights that are multiplied together.
const ROWS: usize = 4;

/// Rows of weights that are converted together if there are many rows of activations to use them.
const BLOCK: usize = 4 * ROWS;

/// Rows of activations from which on it is better to convert more rows of weights than to read few of them in sequence.
const MANY: usize = 8;

/// Columns that are converted together, in groups of 16.
const DEPTH: usize = 32;

/// How plain floats are stored, in little-endian order.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum FloatType {
    /// Single precision.
    F32,
    /// Half precision.
    F16,
    /// The upper half of single precision.
    Bf16,
}

impl FloatType {
    /// Bytes of one number.
    pub fn bytes(self) -> usize {
        match self {
            Self::F32 => 4,
            Self::F16 | Self::Bf16 => 2,
        }
    }

    /// Writes the values of up to 512 numbers to the start of `out`.
    #[inline(always)]
    fn convert(self, bytes: &[u8], out: &mut [Lanes]) {
        let out = out.as_flattened_mut();
        match self {
            Self::F32 => {
                for (out, bytes) in out.iter_mut().zip(bytes.as_chunks().0) {
                    *out = f32::from_le_bytes(*bytes);
                }
            }
            Self::F16 => {
                let mut aligned = [f16::ZERO; DEPTH * LANES];
                let count = bytes.len() / 2;
                for (half, bytes) in aligned.iter_mut().zip(bytes.as_chunks().0) {
                    *half = f16::from_le_bytes(*bytes);
                }
                halves::to_floats(&aligned[..count], &mut out[..count]);
            }
            Self::Bf16 => {
                for (out, bytes) in out.iter_mut().zip(bytes.as_chunks().0) {
                    *out = f32::from_bits(u32::from(u16::from_le_bytes(*bytes)) << 16);
                }
            }
        }
    }
}

/// Weights that are multiplied with the same activations as others.
#[derive(Debug)]
pub struct FloatFactor<'a> {
    /// How they are stored.
    pub kind: FloatType,
    /// The rows, one after the other, at any alignment.
    pub weights: &'a [u8],
    /// The number of rows.
    pub n: usize,
    /// `[m][n]`, where the product goes.
    pub out: &'a mut [f32],
}

/// Computes `out[m, n] = x[m, k] · weights[n, k]ᵀ` for each factor, all row-major.
///
/// Runs on several threads, or on the calling one if the products are small. A row of `out` depends on its row of
/// `x` only, to the bit.
///
/// # Errors
///
/// [`ShapeError`] if a slice doesn't have the length of its shape; nothing is computed then.
pub fn matmul_floats(
    x: &[f32],
    m: usize,
    k: usize,
    factors: &mut [FloatFactor<'_>],
) -> Result<(), ShapeError> {
    matmul_floats_at(cpu::active(), x, m, k, factors)
}

/// [`matmul_floats`] with the code of `level`, which must be available.
fn matmul_floats_at(
    level: Level,
    x: &[f32],
    m: usize,
    k: usize,
    factors: &mut [FloatFactor<'_>],
) -> Result<(), ShapeError> {
    ShapeError::check("x", x.len(), m.checked_mul(k))?;
    for FloatFactor { kind, weights, n, out } in &*factors {
        let length = n.checked_mul(k).and_then(|length| length.checked_mul(kind.bytes()));
        ShapeError::check("weights", weights.len(), length)?;
        ShapeError::check("out", out.len(), m.checked_mul(*n))?;
    }
    if m == 0 || k == 0 {
        for factor in factors {
            factor.out.fill(0.0);
        }
        return Ok(());
    }
    let n: usize = factors.iter().map(|factor| factor.n).sum();
    let multiplications = n.saturating_mul(k).saturating_mul(m);
    let step = split::step(n, multiplications, BLOCK);
    let x = whole_lanes(x, k);
    let x: Vec<&[Lanes]> = x.as_chunks().0.chunks_exact(k.div_ceil(LANES)).collect();
    let mut tasks = Vec::new();
    for FloatFactor { kind, weights, n, out } in factors {
        let product = Product { level, kind: *kind, weights, row_bytes: k * kind.bytes(), x: &x };
        tasks.extend(split::columns(out, *n, step).into_iter().map(|task| (product, task)));
    }
    let run = |(product, (range, mut out)): (Product<'_>, Task<'_>)| columns(&product, range, &mut out);
    split::run(tasks, multiplications, run);
    Ok(())
}

/// Rows of `k` values, filled up with zeros to a multiple of 16.
fn whole_lanes(x: &[f32], k: usize) -> Cow<'_, [f32]> {
    if k.is_multiple_of(LANES) {
        return Cow::Borrowed(x);
    }
    let width = k.next_multiple_of(LANES);
    let mut filled = vec![0.0; x.len() / k * width];
    for (filled, x) in filled.chunks_exact_mut(width).zip(x.chunks_exact(k)) {
        filled[..k].copy_from_slice(x);
    }
    Cow::Owned(filled)
}

/// A product with checked shapes.
#[derive(Debug, Clone, Copy)]
struct Product<'a> {
    /// The code that computes it, which is available.
    level: Level,
    kind: FloatType,
    weights: &'a [u8],
    row_bytes: usize,
    x: &'a [&'a [Lanes]],
}

/// Some converted columns of a row.
type Converted = [Lanes; DEPTH];

dispatch! {
    /// Computes `columns` of the result; `out` has one slice for each row of `x`.
    fn columns(product: &Product<'_>, columns: Range<usize>, out: &mut [&mut [f32]]) = product.level => Product::portable;
}

impl Product<'_> {
    #[inline(always)]
    fn portable(&self, columns: Range<usize>, out: &mut [&mut [f32]]) {
        let block = if self.x.len() < MANY { ROWS } else { BLOCK };
        let mut sums = vec![[[0.0; LANES]; ROWS]; block / ROWS * self.x.len()];
        let mut converted: Vec<Converted> = vec![[[0.0; LANES]; DEPTH]; block];
        for first in columns.clone().step_by(block) {
            let rows = block.min(columns.end - first);
            sums.fill([[0.0; LANES]; ROWS]);
            for (part, depth) in (0..self.x[0].len()).step_by(DEPTH).enumerate() {
                self.convert(first..first + rows, part, &mut converted);
                for (x, sums) in self.x.chunks(2).zip(sums.chunks_mut(block / ROWS * 2)) {
                    let end = x[0].len().min(depth + DEPTH);
                    for (group, weights) in
                        converted.as_chunks().0.iter().take(rows.div_ceil(ROWS)).enumerate()
                    {
                        match x {
                            [x] => add(weights, [&x[depth..end]], &mut sums[group..=group]),
                            [x, y, ..] => {
                                add(
                                    weights,
                                    [&x[depth..end], &y[depth..end]],
                                    &mut sums[2 * group..2 * group + 2],
                                );
                            }
                            [] => {}
                        }
                    }
                }
            }
            let place = first - columns.start;
            for (row, out) in out.iter_mut().enumerate() {
                // Pairs of rows lie together; the last may be alone.
                let together = if row / 2 * 2 + 1 < self.x.len() { 2 } else { 1 };
                let pair = row / 2 * 2 * (block / ROWS);
                for (index, out) in out[place..place + rows].iter_mut().enumerate() {
                    *out = total(sums[pair + index / ROWS * together + row % 2][index % ROWS]);
                }
            }
        }
    }

    /// Converts the columns of part `part` of some rows.
    #[inline(always)]
    fn convert(&self, rows: Range<usize>, part: usize, converted: &mut [Converted]) {
        let width = DEPTH * LANES * self.kind.bytes();
        let start = part * width;
        let end = self.row_bytes.min(start + width);
        for (row, converted) in rows.zip(converted) {
            let bytes = &self.weights[row * self.row_bytes..(row + 1) * self.row_bytes];
            if end < start + width {
                // What is left of another part would be multiplied with the zeros that fill up the activations.
                converted.fill([0.0; LANES]);
            }
            self.kind.convert(&bytes[start..end], converted);
        }
    }
}

/// `sum + a * b`, lane by lane.
#[inline(always)]
fn fused(a: &Lanes, b: &Lanes, mut sum: Lanes) -> Lanes {
    for lane in 0..LANES {
        sum[lane] = a[lane].mul_add(b[lane], sum[lane]);
    }
    sum
}

/// Adds to `sums` the products of four rows of weights with one or two of activations. Written out, because the compiler
/// vectorises the innermost loop that is left.
#[inline(always)]
fn add<const COUNT: usize>(weights: &[Converted; ROWS], x: [&[Lanes]; COUNT], sums: &mut [[Lanes; ROWS]]) {
    const { assert!(COUNT == 1 || COUNT == 2) };
    let [mut left, mut right] = [sums[0], sums[COUNT - 1]];
    for (index, (x, y)) in x[0].iter().zip(x[COUNT - 1]).enumerate() {
        let weight = |row: usize| &weights[row][index];
        left[0] = fused(weight(0), x, left[0]);
        left[1] = fused(weight(1), x, left[1]);
        left[2] = fused(weight(2), x, left[2]);
        left[3] = fused(weight(3), x, left[3]);
        if COUNT == 2 {
            right[0] = fused(weight(0), y, right[0]);
            right[1] = fused(weight(1), y, right[1]);
            right[2] = fused(weight(2), y, right[2]);
            right[3] = fused(weight(3), y, right[3]);
        }
    }
    sums[0] = left;
    if COUNT == 2 {
        sums[1] = right;
    }
}
