//! Activations quantised to 8 bits, row by row, with ggml's rounding.

use half::f16;
use rayon::prelude::*;

use crate::quant_type::QuantType;
use crate::vector::dispatch;

#[cfg(test)]
mod tests;

/// Values in a [`Chunk`].
pub(crate) const CHUNK: usize = 256;

/// 256 quantised values of one activation row, with what every group of 16 or 32 of them needs.
#[derive(Debug, Clone, PartialEq)]
#[repr(C, align(64))]
pub(crate) struct Chunk {
    /// Four signed bytes in memory order per word; the magnitude of each is at most 127.
    pub(crate) quants: [u32; CHUNK / 4],
    /// Scale of each group.
    pub(crate) scales: [f32; 16],
    /// What each group's minimum is multiplied with: about the sum of the group's values.
    pub(crate) sums: [f32; 16],
    /// What an integer dot product with unsigned weight quants starts from: minus offset times sum of quants.
    pub(crate) starts: [i32; 16],
}

/// Quantised rows, each padded with zeros to whole chunks.
#[derive(Debug)]
pub(crate) struct Activations {
    /// `[chunks of a row][rows]`
    pub(crate) chunks: Vec<Chunk>,
    pub(crate) rows: usize,
}

impl Activations {
    /// Quantises rows of `k` values for weights of `kind`, on several threads unless the work is `small`.
    pub(crate) fn new(kind: QuantType, x: &[f32], k: usize, small: bool) -> Self {
        /// Rows that a task quantises.
        const TOGETHER: usize = 32;
        let rows = x.len() / k;
        let mut chunks = vec![Chunk::ZERO; rows * k.div_ceil(CHUNK)];
        let columns = chunks.chunks_exact_mut(rows).enumerate().flat_map(|(column, chunks)| {
            let parts = chunks.chunks_mut(TOGETHER).zip(x.chunks(TOGETHER * k));
            parts.map(move |(chunks, x)| (column, chunks, x))
        });
        let quantize = |(column, chunks, x): (usize, &mut [Chunk], &[f32])| {
            quantize(kind, x, k, column * CHUNK, chunks);
        };
        if small || rows == 1 {
            columns.for_each(quantize);
        } else {
            columns.collect::<Vec<_>>().into_par_iter().for_each(quantize);
        }
        Self { chunks, rows }
    }

    /// Chunk `chunk` of row `row`.
    pub(crate) fn chunk(&self, row: usize, chunk: usize) -> &Chunk {
        &self.chunks[chunk * self.rows + row]
    }
}

dispatch! {
    /// Quantises up to 256 values, from `first` on, of each row of `k` values for weights of `kind`; the chunks are zero.
    fn quantize(kind: QuantType, x: &[f32], k: usize, first: usize, chunks: &mut [Chunk]) = portable;
}

#[inline(always)]
fn portable(kind: QuantType, x: &[f32], k: usize, first: usize, chunks: &mut [Chunk]) {
    for (chunk, x) in chunks.iter_mut().zip(x.chunks_exact(k)) {
        chunk.quantize(kind, &x[first..k.min(first + CHUNK)]);
    }
}

impl Chunk {
    pub(crate) const ZERO: Self =
        Self { quants: [0; CHUNK / 4], scales: [0.0; 16], sums: [0.0; 16], starts: [0; 16] };

    /// The signed quants of words `words`, in order.
    pub(crate) fn signed(&self, words: std::ops::Range<usize>) -> impl Iterator<Item = i8> {
        self.quants[words].iter().flat_map(|word| word.to_le_bytes()).map(|byte| byte as i8)
    }

    /// Quantises up to 256 values for weights of `kind`; a whole number of blocks.
    ///
    /// A block with a value that is not finite gets the scale NaN, so that the products say so.
    #[inline(always)]
    fn quantize(&mut self, kind: QuantType, x: &[f32]) {
        let block_len = kind.block_len();
        let layout = kind.layout();
        let per_block = block_len / layout.group;
        for (index, block) in x.chunks_exact(block_len).enumerate() {
            let largest = largest_magnitude(block);
            let scaling = Scaling::new(largest, block_len);
            let words = &mut self.quants[index * block_len / 4..(index + 1) * block_len / 4];
            for (part, (words, values)) in
                words.chunks_exact_mut(layout.group / 4).zip(block.chunks_exact(layout.group)).enumerate()
            {
                let group = index * per_block + part;
                let sum = round_group(values, scaling.inverse, words);
                self.scales[group] = scaling.scale;
                self.starts[group] = -layout.offset * sum;
                self.sums[group] = scaling.sum(sum, block_len);
            }
        }
    }
}

/// How a block's values become quants and back.
#[derive(Debug, Clone, Copy)]
struct Scaling {
    /// Multiplies a quant to give the value: for blocks of 32 the f16 that ggml stores.
    scale: f32,
    /// The same before it is rounded to f16.
    exact: f32,
    /// Multiplies a value to give the quant; 0 for blocks that have no finite quants.
    inverse: f32,
}

impl Scaling {
    #[inline(always)]
    fn new(largest: f32, block_len: usize) -> Self {
        let inverse = 127.0 / largest;
        if !largest.is_finite() {
            Self { scale: f32::NAN, exact: f32::NAN, inverse: 0.0 }
        } else if !inverse.is_finite() {
            // All zeros, or too small for any scale.
            Self { scale: 0.0, exact: 0.0, inverse: 0.0 }
        } else if block_len == 32 {
            let exact = largest / 127.0;
            Self { scale: f16::from_f32(exact).to_f32(), exact, inverse }
        } else {
            let exact = 1.0 / inverse;
            Self { scale: exact, exact, inverse }
        }
    }

    /// The sum of a group's values, from the sum of its quants.
    #[inline(always)]
    fn sum(self, quants: i32, block_len: usize) -> f32 {
        let sum = self.exact * quants as f32;
        if block_len == 32 { f16::from_f32(sum).to_f32() } else { sum }
    }
}

/// The largest magnitude; infinite or NaN if any value is.
#[inline(always)]
fn largest_magnitude(values: &[f32]) -> f32 {
    // Without the sign bit the order of the bits is the order of the values, NaN last.
    let bits = values.iter().fold(0, |largest: u32, value| largest.max(value.to_bits() & 0x7fff_ffff));
    f32::from_bits(bits)
}

/// Writes `values * inverse`, rounded to nearest even, as bytes and returns their sum.
#[inline(always)]
fn round_group(values: &[f32], inverse: f32, words: &mut [u32]) -> i32 {
    // Adding 1.5 * 2^23 leaves the rounded integer in the low bits of the sum, as in ggml's `nearest_int`.
    const MAGIC: f32 = 12_582_912.0;
    let mut bytes = [0_u8; 32];
    let mut sum = 0;
    for (byte, value) in bytes.iter_mut().zip(values) {
        let quant = if inverse == 0.0 {
            0
        } else {
            (value * inverse + MAGIC).to_bits().wrapping_sub(MAGIC.to_bits()) as i32
        };
        *byte = quant as u8;
        sum += quant;
    }
    for (word, bytes) in words.iter_mut().zip(bytes.as_chunks::<4>().0) {
        *word = u32::from_le_bytes(*bytes);
    }
    sum
}
