//! The product itself, for any instruction set and format.

use std::ops::Range;

use crate::activations::{CHUNK, Chunk};
use crate::format::Format;
use crate::matmul::Product;
use crate::simd::{Rows, Simd};

/// Activation rows whose chunks stay in the first-level cache beside the unpacked weights.
const NEAR: usize = 32;

/// Activation rows that stay in the second-level cache while all columns are computed.
const FAR: usize = 128;

/// Bytes of a band of rows up to which the next band is fetched ahead: the hardware foresees long rows, but not many
/// short ones.
const SHORT: usize = 16 << 10;

/// Computes `columns` of a product; `out` has one slice for each row of activations.
///
/// Takes a band of `S::LANES` weight rows at a time, unpacks 256 values of each and multiplies them with all
/// activations, so the work of unpacking is shared by the activation rows, but each sum adds its groups in the order of
/// the row.
#[inline(always)]
pub(crate) fn columns<S: Simd, F: Format<WORDS>, const WORDS: usize>(
    simd: S,
    product: &Product<'_>,
    columns: Range<usize>,
    out: &mut [&mut [f32]],
) {
    let (row_bytes, per_row) = (product.row_bytes, product.x.per_row);
    let weights = &product.weights[columns.start * row_bytes..columns.end * row_bytes];
    let bands = weights.chunks(S::LANES * row_bytes);
    let mut tile = Tile::new(simd);
    let zero = simd.splat_float(0.0);
    let mut sums = vec![zero; out.len().min(FAR)];
    for (x, out) in product.x.chunks.chunks(FAR * per_row).zip(out.chunks_mut(FAR)) {
        let sums = &mut sums[..out.len()];
        for (index, band) in bands.clone().enumerate() {
            let rows = Rows::new(band, row_bytes);
            let next = bands.clone().nth(index + 1).filter(|next| next.len() <= SHORT).unwrap_or_default();
            let mut ahead = next.chunks(band.len().div_ceil(per_row));
            sums.fill(zero);
            for chunk in 0..per_row {
                simd.prefetch(ahead.next().unwrap_or_default());
                let groups = tile.unpack::<F, WORDS>(simd, &rows, chunk);
                tile.multiply::<F, WORDS>(simd, groups, &x[chunk..], per_row, sums);
            }
            for (out, sum) in out.iter_mut().zip(sums.iter()) {
                let mut lanes = [0.0; 16];
                simd.store(*sum, &mut lanes);
                for (out, lane) in out[index * S::LANES..].iter_mut().zip(&lanes[..S::LANES]) {
                    *out = *lane;
                }
            }
        }
    }
}

/// 256 unpacked values of each of `S::LANES` rows, four of each row in a word, with the scales of their groups.
struct Tile<S: Simd> {
    quants: [S::Int; CHUNK / 4],
    scales: [S::Float; 16],
    minima: [S::Float; 16],
}

impl<S: Simd> Tile<S> {
    #[inline(always)]
    fn new(simd: S) -> Self {
        let zero = simd.splat_float(0.0);
        Self { quants: [simd.splat(0); CHUNK / 4], scales: [zero; 16], minima: [zero; 16] }
    }

    /// Unpacks chunk `chunk` of `rows` and returns its number of groups.
    #[inline(always)]
    fn unpack<F: Format<WORDS>, const WORDS: usize>(
        &mut self,
        simd: S,
        rows: &Rows<'_>,
        chunk: usize,
    ) -> usize {
        let blocks = CHUNK / F::LEN;
        let first = chunk * blocks;
        let count = blocks.min(rows.blocks(F::BYTES) - first);
        let groups = F::LEN / (4 * WORDS);
        for block in 0..count {
            let (words, group) = (block * F::LEN / 4, block * groups);
            F::unpack(
                simd,
                rows,
                first + block,
                &mut self.quants[words..words + F::LEN / 4],
                &mut self.scales[group..group + groups],
                &mut self.minima[group..group + groups],
            );
        }
        count * groups
    }

    /// Adds to every sum the products of the first `groups` groups with its activation row: every `per_row`th of `x`.
    #[inline(always)]
    fn multiply<F: Format<WORDS>, const WORDS: usize>(
        &self,
        simd: S,
        groups: usize,
        x: &[Chunk],
        per_row: usize,
        sums: &mut [S::Float],
    ) {
        let quants = &self.quants.as_chunks::<WORDS>().0[..groups];
        for (x, sums) in x.chunks(NEAR * per_row).zip(sums.chunks_mut(NEAR)) {
            for (group, quants) in quants.iter().enumerate() {
                let (weights, scale, minimum) = (*quants, self.scales[group], self.minima[group]);
                for (x, sum) in x.iter().step_by(per_row).zip(sums.iter_mut()) {
                    let dot = simd.dot(&weights, &x.quants.as_chunks().0[group], x.starts[group], F::BITS);
                    let scale = simd.mul(scale, simd.splat_float(x.scales[group]));
                    *sum = simd.fma(simd.float(dot), scale, *sum);
                    if F::MINIMUM {
                        *sum = simd.fma(minimum, simd.splat_float(x.sums[group]), *sum);
                    }
                }
            }
        }
    }
}
