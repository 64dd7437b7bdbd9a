//! Products with f32 weights that are packed once.

use crate::panel::{LANES, Lanes, ROWS, add_product_of_two, interleave};
use crate::quant_type::ShapeError;
use crate::split::{self, Task};
use crate::vector::dispatch;

#[cfg(test)]
mod tests;

/// Columns that a kernel computes at once.
const PAIR: usize = 2 * LANES;

/// A matrix `[n, k]` of f32 in the order in which the kernel reads it: panels of 16 rows, `[n / 16][k][16]`.
#[derive(Debug, Clone)]
pub struct DenseMatrix {
    panels: Vec<Lanes>,
    n: usize,
    k: usize,
}

impl DenseMatrix {
    /// Packs `n` rows of `k` values.
    ///
    /// # Errors
    ///
    /// [`ShapeError`] if `weights` doesn't have `n * k` values.
    pub fn pack(weights: &[f32], n: usize, k: usize) -> Result<Self, ShapeError> {
        ShapeError::check("weights", weights.len(), n.checked_mul(k))?;
        let mut panels = vec![[0.0; LANES]; n.next_multiple_of(PAIR) / LANES * k];
        for (row, weights) in weights.chunks_exact(k.max(1)).enumerate() {
            let panel = &mut panels[row / LANES * k..];
            for (lanes, weight) in panel.iter_mut().zip(weights) {
                lanes[row % LANES] = *weight;
            }
        }
        Ok(Self { panels, n, k })
    }

    /// The length of a row of results.
    pub fn n(&self) -> usize {
        self.n
    }

    /// The length of a row of inputs.
    pub fn k(&self) -> usize {
        self.k
    }

    /// Computes `out[m, n] = x[m, k] · selfᵀ`, all row-major.
    ///
    /// Runs on several threads, or on the calling one if the product is small. A row of `out` depends on its
    /// row of `x` only, to the bit.
    ///
    /// # Errors
    ///
    /// [`ShapeError`] if a slice doesn't have the length of its shape.
    pub fn multiply(&self, x: &[f32], m: usize, out: &mut [f32]) -> Result<(), ShapeError> {
        let Self { n, k, .. } = *self;
        ShapeError::check("x", x.len(), m.checked_mul(k))?;
        ShapeError::check("out", out.len(), m.checked_mul(n))?;
        if out.is_empty() {
            return Ok(());
        }
        if k == 0 {
            out.fill(0.0);
            return Ok(());
        }
        let mut blocks: Vec<Vec<[f32; ROWS]>> = vec![Vec::new(); m.div_ceil(ROWS)];
        let tasks = blocks.iter_mut().zip(x.chunks(ROWS * k)).collect();
        split::run(tasks, m * k, |(block, rows): (&mut Vec<_>, _)| interleave(rows, k, block));
        let step = split::step(n, n * k * m, PAIR);
        let panels = self.panels.chunks(step / LANES * k);
        let tasks = split::columns(out, n, step).into_iter().zip(panels).collect();
        split::run(tasks, n * k * m, |((_, mut out), panels): (Task<'_>, &[Lanes])| {
            columns(&blocks, panels, &mut out);
        });
        Ok(())
    }
}

dispatch! {
    /// Computes some columns of a product; `out` has one slice for each row.
    fn columns(blocks: &[Vec<[f32; ROWS]>], panels: &[Lanes], out: &mut [&mut [f32]]) = portable;
}

#[inline(always)]
fn portable(blocks: &[Vec<[f32; ROWS]>], panels: &[Lanes], out: &mut [&mut [f32]]) {
    let depth = blocks.first().map_or(1, Vec::len);
    for (pair, panels) in panels.chunks_exact(2 * depth).enumerate() {
        let (left, right) = panels.split_at(depth);
        for (block, out) in blocks.iter().zip(out.chunks_mut(ROWS)) {
            let mut sums = [[[0.0; LANES]; ROWS]; 2];
            add_product_of_two((), block, left, right, &mut sums);
            for (row, out) in out.iter_mut().enumerate() {
                let out = &mut out[pair * PAIR..];
                for (out, sums) in out.chunks_mut(LANES).zip(&sums) {
                    out.copy_from_slice(&sums[row][..out.len()]);
                }
            }
        }
    }
}
