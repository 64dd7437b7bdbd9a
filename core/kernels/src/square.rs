//! Products of as many activation rows as weight rows at once, for CPUs that have an instruction for it.

use crate::activations::{Chunk, Part, REST_BITS};
use crate::kernel::{Tile, add};
use crate::simd::Simd;

/// Activation rows, and weight rows, of such a product.
pub(crate) const SIDE: usize = 16;

/// What can multiply [`SIDE`] activation rows with the weight rows in the lanes of `S`.
pub(crate) trait SquareProduct<S: Simd> {
    /// Adds the products of the first `groups` groups of a tile to the sum of each activation row.
    fn multiply(&self, tile: &Tile<S>, groups: usize, x: &[Chunk; SIDE], sums: &mut [S::Float; SIDE]);
}

/// The instruction for it.
pub(crate) trait SquareDot<S: Simd>: Copy {
    /// Writes the dot products of unsigned weights with the signed bytes of a group of each activation row: a vector
    /// for each activation row.
    fn dot<const WORDS: usize>(
        self,
        weights: &[S::Int; WORDS],
        x: &[Chunk; SIDE],
        part: Part,
        group: usize,
        dots: &mut [S::Int; SIDE],
    );
}

/// [`SquareProduct::multiply`] for formats with `WORDS` words in a group, and with minima or an offset.
#[inline(always)]
pub(crate) fn multiply<S: Simd, D: SquareDot<S>, const WORDS: usize, const MINIMUM: bool>(
    (simd, square): (S, D),
    tile: &Tile<S>,
    groups: usize,
    x: &[Chunk; SIDE],
    sums: &mut [S::Float; SIDE],
) {
    let with_rests = x.iter().fold(0, |all, x| all | x.with_rests);
    let (mut quants, mut rests) = ([simd.splat(0); SIDE], [simd.splat(0); SIDE]);
    let mut local = *sums;
    for (group, weights) in tile.quants.as_chunks::<WORDS>().0[..groups].iter().enumerate() {
        square.dot(weights, x, Part::Quants, group, &mut quants);
        if with_rests >> group & 1 == 1 {
            square.dot(weights, x, Part::Rests, group, &mut rests);
            for row in 0..SIDE {
                // A row without rests is not shifted, and its rests are zeros. The start is added to all below.
                let bits = if x[row].has_rests(group) { REST_BITS } else { 0 };
                let start = x[row].starts[group];
                let rest_start = (start << bits) - start + x[row].rest_starts[group];
                let rest = simd.add_int(rests[row], simd.splat(rest_start as u32));
                quants[row] = simd.add_int(simd.shift_left(quants[row], bits), rest);
            }
        }
        for row in 0..SIDE {
            let start = simd.splat(x[row].starts[group] as u32);
            let dot = if MINIMUM { quants[row] } else { simd.add_int(quants[row], start) };
            local[row] = add(simd, tile, &x[row], group, dot, local[row], MINIMUM);
        }
    }
    *sums = local;
}
