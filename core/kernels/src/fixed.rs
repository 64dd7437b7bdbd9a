//! Products of weights and activations with 13 bits.
//!
//! 128 values of a row share a scale (block floating point). The products of a group are exact integers, and as many as
//! an `i32` holds: so the rounding of the values is all that is lost, about as much as in half precision. CPUs multiply
//! integers of 16 bits at least twice as fast as f32.

use std::ops::Range;

use crate::activations::nearest;
use crate::cpu::{self, Level};
use crate::packed::BAND;
use crate::panel::{LANES, Lanes};
use crate::quant_type::ShapeError;
use crate::split::{self, SMALL, Task};
use crate::team;
use crate::vector::{dispatch, gelu_erf, largest_magnitude};
#[cfg(target_arch = "x86_64")]
use crate::{avx2::Avx2, avx512::Avx512};

#[cfg(target_arch = "x86_64")]
mod rows;
#[cfg(test)]
mod tests;

/// Values that share a scale.
const GROUP: usize = 128;

/// The largest magnitude of a quantised value: [`GROUP`] products of two fit an `i32`.
const LARGEST: f32 = 4095.0;

/// Rows of activations that lie together.
const BLOCK: usize = 8;

/// Bands of weights that are multiplied together.
const BANDS: usize = 2;

/// Blocks of activations that stay in the second-level cache while all columns are computed.
const FAR: usize = 32;

/// Groups whose weights stay in the first-level cache while they are multiplied with these blocks.
const NEAR: usize = 3;

/// Two neighbouring values of each of the 16 rows of a band.
#[derive(Debug, Clone, Copy)]
#[repr(align(64))]
struct Line([i16; 2 * BAND]);

/// A group of a row of activations: pairs of neighbours, the first in the lower half.
type Group = [u32; GROUP / 2];

/// What is done with a product and its bias.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Activation {
    /// Nothing.
    Identity,
    /// GELU, `x / 2 * (1 + erf(x / √2))`, with an absolute error of at most 1e-6.
    Gelu,
}

/// A dense layer: a matrix `[n, k]` of 13-bit integers with a scale for each 128 values of a row, and a bias.
#[derive(Debug, Clone)]
pub struct FixedMatrix {
    /// `[bands][groups][GROUP / 2]`
    lines: Vec<Line>,
    /// `[bands][groups]`
    scales: Vec<Lanes>,
    /// `[bands]`
    bias: Vec<Lanes>,
    n: usize,
    k: usize,
}

impl FixedMatrix {
    /// Quantises `bias.len()` rows of `k` weights.
    ///
    /// # Errors
    ///
    /// [`ShapeError`] if `weights` doesn't have `bias.len() * k` values.
    pub fn quantize(weights: &[f32], bias: &[f32], k: usize) -> Result<Self, ShapeError> {
        let n = bias.len();
        ShapeError::check("weights", weights.len(), n.checked_mul(k))?;
        let (bands, groups) = (n.next_multiple_of(BANDS * BAND) / BAND, k.div_ceil(GROUP));
        let mut matrix = Self {
            lines: vec![Line([0; 2 * BAND]); bands * groups * (GROUP / 2)],
            scales: vec![[0.0; LANES]; bands * groups],
            bias: vec![[0.0; LANES]; bands],
            n,
            k,
        };
        matrix.bias.as_flattened_mut()[..n].copy_from_slice(bias);
        let bands = matrix.lines.chunks_mut((groups * GROUP / 2).max(1));
        let bands = bands.zip(matrix.scales.chunks_mut(groups.max(1)));
        let tasks = bands.zip(weights.chunks((BAND * k).max(1))).collect();
        team::for_each(tasks, |((lines, scales), weights): ((&mut [Line], &mut [Lanes]), &[f32])| {
            for (lane, row) in weights.chunks_exact(k).enumerate() {
                let groups = lines.chunks_exact_mut(GROUP / 2).zip(scales.iter_mut());
                for ((lines, scales), values) in groups.zip(row.chunks(GROUP)) {
                    let mut group = [0; GROUP / 2];
                    scales[lane] = quantize(values, &mut group);
                    for (line, pair) in lines.iter_mut().zip(&group) {
                        let [low, high] = halves(*pair);
                        (line.0[2 * lane], line.0[2 * lane + 1]) = (low, high);
                    }
                }
            }
        });
        Ok(matrix)
    }

    /// The length of a row of results.
    pub fn n(&self) -> usize {
        self.n
    }

    /// The length of a row of inputs.
    pub fn k(&self) -> usize {
        self.k
    }

    /// Computes `out[m, n] = activation(x[m, k] · selfᵀ + bias)`, all row-major.
    ///
    /// Runs on several threads, or on the calling one if the product is small. A row of `out` depends on its row of `x`
    /// only, to the bit; it is NaN where the row of `x` has a value that is not finite.
    ///
    /// # Errors
    ///
    /// [`ShapeError`] if a slice doesn't have the length of its shape.
    pub fn multiply(
        &self,
        x: &[f32],
        m: usize,
        activation: Activation,
        out: &mut [f32],
    ) -> Result<(), ShapeError> {
        self.multiply_at(cpu::active(), x, m, activation, out)
    }

    /// [`multiply`](Self::multiply) with the code of `level`, which must be available.
    fn multiply_at(
        &self,
        level: Level,
        x: &[f32],
        m: usize,
        activation: Activation,
        out: &mut [f32],
    ) -> Result<(), ShapeError> {
        /// Tasks of a thread: a number that divides the usual widths evenly.
        const TASKS: usize = 6;
        ShapeError::check("x", x.len(), m.checked_mul(self.k))?;
        ShapeError::check("out", out.len(), m.checked_mul(self.n))?;
        if out.is_empty() {
            return Ok(());
        }
        let multiplications = self.n.saturating_mul(self.k).saturating_mul(m);
        let small = multiplications < SMALL;
        let blocks = quantize_all(x, self.k, m, small);
        let tasks = if small { 1 } else { TASKS * team::threads() };
        let step = self.n.div_ceil(tasks).next_multiple_of(BANDS * BAND);
        let product = Product { matrix: self, blocks: &blocks, activation };
        let tasks = split::columns(out, self.n, step);
        split::run(tasks, multiplications, |(columns, mut out): Task<'_>| {
            product.columns(level, columns, &mut out);
        });
        Ok(())
    }
}

/// Up to [`BLOCK`] quantised rows of activations.
#[derive(Debug, Clone, Default)]
struct Block {
    /// `[groups][BLOCK]`
    groups: Vec<Group>,
    /// `[groups][BLOCK]`
    scales: Vec<f32>,
}

/// Quantises `m` rows of `k` values, on several threads unless the work is `small`.
fn quantize_all(x: &[f32], k: usize, m: usize, small: bool) -> Vec<Block> {
    let mut blocks = vec![Block::default(); m.div_ceil(BLOCK)];
    let tasks = blocks.iter_mut().zip(x.chunks((BLOCK * k).max(1)));
    let quantize = |(block, x): (&mut Block, &[f32])| {
        let count = k.div_ceil(GROUP) * BLOCK;
        *block = Block { groups: vec![[0; GROUP / 2]; count], scales: vec![0.0; count] };
        quantize_block(x, k, block);
    };
    if small {
        tasks.for_each(quantize);
    } else {
        team::for_each(tasks.collect(), quantize);
    }
    blocks
}

dispatch! {
    /// Quantises up to [`BLOCK`] rows of `k` values.
    fn quantize_block(x: &[f32], k: usize, block: &mut Block) = quantize_rows;
}

#[inline(always)]
fn quantize_rows(x: &[f32], k: usize, block: &mut Block) {
    for (row, x) in x.chunks_exact(k).enumerate() {
        for (index, values) in x.chunks(GROUP).enumerate() {
            let place = index * BLOCK + row;
            block.scales[place] = quantize(values, &mut block.groups[place]);
        }
    }
}

/// Writes up to 128 values as integers to `group`, which is zero, and returns what each is to be multiplied with: NaN if
/// a value is not finite.
#[inline(always)]
fn quantize(values: &[f32], group: &mut Group) -> f32 {
    let largest = largest_magnitude(values);
    let inverse = LARGEST / largest;
    if !largest.is_finite() {
        return f32::NAN;
    }
    if !inverse.is_finite() {
        return 0.0; // All are zeros, or too small for any scale.
    }
    let integer = |value: f32| nearest(value * inverse) as u32;
    let (pairs, rest) = values.as_chunks::<2>();
    for (word, [low, high]) in group.iter_mut().zip(pairs) {
        *word = integer(*low) & 0xffff | integer(*high) << 16;
    }
    if let [last] = rest {
        group[pairs.len()] = integer(*last) & 0xffff;
    }
    largest / LARGEST
}

/// The two integers of a word.
#[inline(always)]
fn halves(word: u32) -> [i16; 2] {
    [word as i16, (word >> 16) as i16]
}

/// A product with checked shapes.
#[derive(Debug)]
pub(crate) struct Product<'a> {
    matrix: &'a FixedMatrix,
    blocks: &'a [Block],
    activation: Activation,
}

impl Product<'_> {
    /// Computes `columns` of the result; `out` has one slice for each row.
    #[cfg(target_arch = "x86_64")]
    fn columns(&self, level: Level, columns: Range<usize>, out: &mut [&mut [f32]]) {
        let done = match level {
            Level::Amx | Level::Avx512Vnni => {
                Avx512::new().map(|simd| simd.fixed_columns(self, columns.clone(), out))
            }
            Level::Avx2 => Avx2::new().map(|simd| simd.fixed_columns(self, columns.clone(), out)),
            Level::Scalar => None,
        };
        if done.is_none() {
            self.columns_scalar(columns, out);
        }
    }

    /// Computes `columns` of the result; `out` has one slice for each row.
    #[cfg(not(target_arch = "x86_64"))]
    fn columns(&self, _level: Level, columns: Range<usize>, out: &mut [&mut [f32]]) {
        self.columns_scalar(columns, out);
    }

    /// Groups of a row.
    #[inline(always)]
    fn depth(&self) -> usize {
        self.matrix.k.div_ceil(GROUP)
    }

    /// The group `group` of a band: its lines and its scales.
    #[inline(always)]
    fn weights(&self, band: usize, group: usize) -> (&[Line; GROUP / 2], &Lanes) {
        let index = band * self.depth() + group;
        (&self.matrix.lines.as_chunks().0[index], &self.matrix.scales[index])
    }

    /// The group `group` of the rows of a block, and its scales.
    #[inline(always)]
    fn activations(&self, block: usize, group: usize) -> (&[Group; BLOCK], &[f32; BLOCK]) {
        let block = &self.blocks[block];
        (&block.groups.as_chunks().0[group], &block.scales.as_chunks().0[group])
    }

    /// Makes results of the sums of `columns` of a row.
    #[inline(always)]
    fn finish(&self, columns: &Range<usize>, sums: &mut [f32]) {
        let bias = &self.matrix.bias.as_flattened()[columns.clone()];
        for (sum, bias) in sums.iter_mut().zip(bias) {
            *sum += bias;
        }
        match self.activation {
            Activation::Identity => {}
            Activation::Gelu => gelu_erf(sums),
        }
    }

    fn columns_scalar(&self, columns: Range<usize>, out: &mut [&mut [f32]]) {
        for (index, out) in out.iter_mut().enumerate() {
            for (out, band) in out.chunks_mut(BAND).zip(columns.start / BAND..) {
                let mut sums = [0.0; LANES];
                for group in 0..self.depth() {
                    let (lines, scales) = self.weights(band, group);
                    let (x, x_scales) = self.activations(index / BLOCK, group);
                    let mut dots = [0; LANES];
                    for (line, word) in lines.iter().zip(&x[index % BLOCK]) {
                        let [low, high] = halves(*word).map(i32::from);
                        for (dot, pair) in dots.iter_mut().zip(line.0.as_chunks::<2>().0) {
                            *dot += i32::from(pair[0]) * low + i32::from(pair[1]) * high;
                        }
                    }
                    for lane in 0..LANES {
                        let scale = scales[lane] * x_scales[index % BLOCK];
                        sums[lane] = (dots[lane] as f32).mul_add(scale, sums[lane]);
                    }
                }
                out.copy_from_slice(&sums[..out.len()]);
            }
            self.finish(&columns, out);
        }
    }
}
