//! Activations quantised to 8 bits, group by group, and to 16 where a group is far above its row.
//!
//! A few channels of a language model are many times larger than the rest. With 8 bits for each group of 16 or 32
//! values, as in ggml, the steps of these groups are most of the error of a product; so they get a second byte.

use std::mem::offset_of;

use crate::quant_type::QuantType;
use crate::team;
use crate::vector::{dispatch, dot, largest_magnitude};

#[cfg(test)]
mod tests;

/// Values in a [`Chunk`].
pub(crate) const CHUNK: usize = 256;

/// A group has rests if its largest magnitude is more than so many times the root mean square of its row.
///
/// With it `SmolLM2-135M` diverges from exact probabilities by a sixth of what llama.cpp does, which keeps 8 bits
/// everywhere (`cargo xtask evaluate quality --quick`).
const OUTLIER: f32 = 4.0;

/// Steps of a rest in a step of a quant, as a shift.
pub(crate) const REST_BITS: u32 = 8;

/// 256 quantised values of one activation row, with what every group of 16 or 32 of them needs.
///
/// A value is its quant times the scale of its group; in a group with rests, `256 * quant + rest` times the scale.
#[derive(Debug, Clone, PartialEq)]
#[repr(C, align(64))]
pub(crate) struct Chunk {
    /// Four signed bytes in memory order per word; the magnitude of each is at most 127.
    pub(crate) quants: [u32; CHUNK / 4],
    /// What rounding the quants left, in the same order; zero where a group has none.
    pub(crate) rests: [u32; CHUNK / 4],
    /// Scale of each group.
    pub(crate) scales: [f32; 16],
    /// What each group's minimum is multiplied with: the sum of the group's quantised values.
    pub(crate) sums: [f32; 16],
    /// What an integer dot product of quants with unsigned weights starts from: minus offset times sum of quants.
    pub(crate) starts: [i32; 16],
    /// The same for the rests.
    pub(crate) rest_starts: [i32; 16],
    /// A bit for each group: whether it has rests.
    pub(crate) with_rests: u32,
}

/// Which bytes of a chunk are multiplied.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Part {
    Quants,
    Rests,
}

impl Part {
    /// Bytes from the start of a chunk to its part.
    pub(crate) const fn offset(self) -> usize {
        match self {
            Self::Quants => offset_of!(Chunk, quants),
            Self::Rests => offset_of!(Chunk, rests),
        }
    }
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
        const TOGETHER: usize = 8;
        let rows = x.len() / k;
        let mut chunks = vec![Chunk::ZERO; rows * k.div_ceil(CHUNK)];
        let mut columns: Vec<_> =
            chunks.chunks_exact_mut(rows).map(|column| column.chunks_mut(TOGETHER)).collect();
        let tasks = x.chunks(TOGETHER * k).map(|x| {
            let parts: Vec<&mut [Chunk]> = columns.iter_mut().filter_map(Iterator::next).collect();
            (x, parts)
        });
        let quantize = |(x, mut parts): (&[f32], Vec<&mut [Chunk]>)| quantize(kind, x, k, &mut parts);
        if small || rows <= TOGETHER {
            tasks.for_each(quantize);
        } else {
            team::for_each(tasks.collect(), quantize);
        }
        Self { chunks, rows }
    }

    /// Chunk `chunk` of row `row`.
    pub(crate) fn chunk(&self, row: usize, chunk: usize) -> &Chunk {
        &self.chunks[chunk * self.rows + row]
    }
}

dispatch! {
    /// Quantises rows of `k` values for weights of `kind`; `columns[c][row]`, which is zero, gets values `256 * c..` of a row.
    fn quantize(kind: QuantType, x: &[f32], k: usize, columns: &mut [&mut [Chunk]]) = portable;
}

#[inline(always)]
fn portable(kind: QuantType, x: &[f32], k: usize, columns: &mut [&mut [Chunk]]) {
    for (row, x) in x.chunks_exact(k).enumerate() {
        let limit = OUTLIER * (dot(x, x) / k as f32).sqrt();
        for (column, x) in columns.iter_mut().zip(x.chunks(CHUNK)) {
            column[row].quantize(kind, x, limit);
        }
    }
}

impl Chunk {
    pub(crate) const ZERO: Self = Self {
        quants: [0; CHUNK / 4],
        rests: [0; CHUNK / 4],
        scales: [0.0; 16],
        sums: [0.0; 16],
        starts: [0; 16],
        rest_starts: [0; 16],
        with_rests: 0,
    };

    /// Whether group `group` has rests.
    #[inline(always)]
    pub(crate) fn has_rests(&self, group: usize) -> bool {
        self.with_rests >> group & 1 == 1
    }

    /// Quantises up to 256 values for weights of `kind`, with rests in the groups that have a magnitude above `limit`.
    ///
    /// A group with a value that is not finite gets the scale NaN, so that the products say so.
    #[inline(always)]
    fn quantize(&mut self, kind: QuantType, x: &[f32], limit: f32) {
        let layout = kind.layout();
        for (group, values) in x.chunks_exact(layout.group).enumerate() {
            let largest = largest_magnitude(values);
            let inverse = 127.0 / largest;
            if !largest.is_finite() {
                (self.scales[group], self.sums[group]) = (f32::NAN, f32::NAN);
            } else if inverse.is_finite() {
                let words = group * layout.group / 4..(group + 1) * layout.group / 4;
                let mut scale = largest / 127.0;
                let mut sum = round(values, inverse, &mut self.quants[words.clone()]);
                self.starts[group] = -layout.offset * sum;
                if largest > limit {
                    let rest = round_rests(values, inverse, &mut self.rests[words]);
                    self.rest_starts[group] = -layout.offset * rest;
                    self.with_rests |= 1 << group;
                    scale /= (1 << REST_BITS) as f32;
                    sum = (sum << REST_BITS) + rest;
                }
                self.scales[group] = scale;
                self.sums[group] = scale * sum as f32;
            }
            // Otherwise all are zeros, or too small for any scale.
        }
    }
}

/// Writes `values * inverse`, rounded, as bytes and returns their sum.
#[inline(always)]
fn round(values: &[f32], inverse: f32, words: &mut [u32]) -> i32 {
    write(values.iter().map(|value| nearest(value * inverse)), words)
}

/// Writes what [`round`] left, in steps of a 256th, and returns the sum of the steps.
#[inline(always)]
fn round_rests(values: &[f32], inverse: f32, words: &mut [u32]) -> i32 {
    let rest = |value: &f32| {
        let scaled = value * inverse;
        nearest((scaled - nearest(scaled) as f32) * (1 << REST_BITS) as f32).clamp(-127, 127)
    };
    write(values.iter().map(rest), words)
}

/// The nearest integer of a small number, the even one of two.
#[inline(always)]
pub(crate) fn nearest(value: f32) -> i32 {
    // Adding 1.5 * 2^23 leaves the rounded integer in the low bits of the sum.
    const MAGIC: f32 = 12_582_912.0;
    (value + MAGIC).to_bits().wrapping_sub(MAGIC.to_bits()) as i32
}

/// Writes up to 32 integers as bytes and returns their sum.
#[inline(always)]
fn write(integers: impl Iterator<Item = i32>, words: &mut [u32]) -> i32 {
    let mut bytes = [0_u8; 32];
    let mut sum = 0;
    for (byte, integer) in bytes.iter_mut().zip(integers) {
        *byte = integer as u8;
        sum += integer;
    }
    for (word, bytes) in words.iter_mut().zip(bytes.as_chunks::<4>().0) {
        *word = u32::from_le_bytes(*bytes);
    }
    sum
}
