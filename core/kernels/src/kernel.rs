//! The product itself, for any instruction set and format.

use std::ops::Range;

use crate::activations::{CHUNK, Chunk, REST_BITS};
use crate::format::Format;
use crate::matmul::Product;
use crate::packed::{BAND, Band};
use crate::simd::Simd;
use crate::square::{SIDE, SquareProduct};

/// Bytes of activations that stay in the second-level cache while all columns are computed, and the rows that they are at
/// most and at least.
const FAR: usize = 256 << 10;
const FAR_ROWS: (usize, usize) = (32, 128);

/// Activation rows whose sums are computed together, if registers hold a whole band: enough to keep all multipliers busy,
/// while each waits for its last product.
const NEAR: usize = 8;

/// Computes `columns` of a product, which begin with a band; `out` has one slice for each row of activations.
///
/// Takes some bands of weight rows at a time, or parts of them, unpacks 256 values of each and multiplies them with all
/// activations, so the work of unpacking is shared by the activation rows, but each sum adds its groups in the order of
/// the row.
///
/// `TOGETHER` bands are multiplied together, so that an activation is loaded once for all: as many as there are registers
/// for their weights.
#[inline(always)]
pub(crate) fn columns<S: Simd, F: Format<WORDS>, const WORDS: usize, const TOGETHER: usize>(
    simd: S,
    square: Option<&dyn SquareProduct<S>>,
    product: &Product<'_>,
    columns: Range<usize>,
    out: &mut [&mut [f32]],
) {
    let band_bytes = BAND * product.row_bytes;
    let first = columns.start / BAND * band_bytes;
    let bands: Vec<Band<'_>> = product.weights[first..first + columns.len().div_ceil(BAND) * band_bytes]
        .chunks_exact(band_bytes)
        .map(|band| Band::new(product.kind, band, product.row_bytes))
        .collect();
    let (groups, rest) = bands.as_chunks::<TOGETHER>();
    let row_bytes = size_of::<Chunk>() * product.x.chunks.len() / product.x.rows.max(1);
    let far = (FAR / row_bytes.max(1)).next_multiple_of(SIDE).clamp(FAR_ROWS.0, FAR_ROWS.1);
    let mut scratch = Scratch::<S, TOGETHER>::new(simd, out.len().min(far));
    for (index, out) in out.chunks_mut(far).enumerate() {
        let rows = index * far..index * far + out.len();
        for (index, bands) in groups.iter().enumerate() {
            let column = TOGETHER * index * BAND;
            let rows = rows.clone();
            bands_columns::<_, F, _, _, _>(simd, square, product, bands, rows, column, &mut scratch, out);
        }
        for (index, bands) in rest.as_chunks::<1>().0.iter().enumerate() {
            let column = (TOGETHER * groups.len() + index) * BAND;
            let rows = rows.clone();
            bands_columns::<_, F, _, _, _>(simd, square, product, bands, rows, column, &mut scratch, out);
        }
    }
}

/// Computes the columns of some bands, which begin with `column`, for some rows of activations.
#[inline(always)]
#[expect(clippy::too_many_arguments, reason = "it is one loop of its caller")]
fn bands_columns<S: Simd, F: Format<WORDS>, const WORDS: usize, const TOGETHER: usize, const BANDS: usize>(
    simd: S,
    square: Option<&dyn SquareProduct<S>>,
    product: &Product<'_>,
    bands: &[Band<'_>; BANDS],
    rows: Range<usize>,
    column: usize,
    scratch: &mut Scratch<S, TOGETHER>,
    out: &mut [&mut [f32]],
) {
    let (tiles, _) =
        scratch.tiles.split_first_chunk_mut::<BANDS>().expect("there are no more bands than tiles");
    let sums = &mut scratch.sums.as_chunks_mut::<BANDS>().0[..rows.len()];
    for part in 0..BAND / S::LANES {
        sums.fill([simd.splat_float(0.0); BANDS]);
        for (chunk, x) in product.x.chunks.chunks_exact(product.x.rows).enumerate() {
            let mut groups = 0;
            for (tile, band) in tiles.iter_mut().zip(bands) {
                groups = tile.unpack::<F, WORDS>(simd, band, part, chunk);
            }
            let (mut x, mut sums) = (&x[rows.clone()], &mut *sums);
            if let Some(square) = square {
                let ((squares, x_rest), (square_sums, sums_rest)) = (x.as_chunks(), sums.as_chunks_mut());
                for (x, sums) in squares.iter().zip(square_sums) {
                    for (band, tile) in tiles.iter().enumerate() {
                        let mut column = sums.map(|sums: [S::Float; BANDS]| sums[band]);
                        square.multiply(tile, groups, x, &mut column);
                        sums.iter_mut().zip(column).for_each(|(sums, sum)| sums[band] = sum);
                    }
                }
                (x, sums) = (x_rest, sums_rest);
            }
            multiply::<S, F, WORDS, BANDS>(simd, &*tiles, groups, x, sums);
        }
        for (out, sums) in out.iter_mut().zip(sums.iter()) {
            for (band, sum) in sums.iter().enumerate() {
                let mut lanes = [0.0; 16];
                simd.store(*sum, &mut lanes);
                let out = out.iter_mut().skip(column + band * BAND + part * S::LANES);
                out.zip(&lanes[..S::LANES]).for_each(|(out, lane)| *out = *lane);
            }
        }
    }
}

/// Adds to every sum the products of the first `groups` groups of each tile with its activation row.
#[inline(always)]
fn multiply<S: Simd, F: Format<WORDS>, const WORDS: usize, const BANDS: usize>(
    simd: S,
    tiles: &[Tile<S>; BANDS],
    groups: usize,
    x: &[Chunk],
    sums: &mut [[S::Float; BANDS]],
) {
    let (mut x, mut sums) = (x, sums);
    if S::LANES == BAND {
        (x, sums) = multiply_blocks::<S, F, WORDS, BANDS, NEAR>(simd, tiles, groups, x, sums);
    }
    let (x, sums) = multiply_blocks::<S, F, WORDS, BANDS, 4>(simd, tiles, groups, x, sums);
    multiply_blocks::<S, F, WORDS, BANDS, 1>(simd, tiles, groups, x, sums);
}

/// The same for as many blocks of `ROWS` as there are; gives the rows and sums that are left.
#[inline(always)]
fn multiply_blocks<
    'a,
    S: Simd,
    F: Format<WORDS>,
    const WORDS: usize,
    const BANDS: usize,
    const ROWS: usize,
>(
    simd: S,
    tiles: &[Tile<S>; BANDS],
    groups: usize,
    x: &'a [Chunk],
    sums: &'a mut [[S::Float; BANDS]],
) -> (&'a [Chunk], &'a mut [[S::Float; BANDS]]) {
    let (x, x_rest) = x.as_chunks::<ROWS>();
    let (sums, sums_rest) = sums.as_chunks_mut::<ROWS>();
    for (x, sums) in x.iter().zip(sums) {
        multiply_rows::<S, F, WORDS, BANDS, ROWS>(simd, tiles, groups, x, sums);
    }
    (x_rest, sums_rest)
}

#[inline(always)]
fn multiply_rows<S: Simd, F: Format<WORDS>, const WORDS: usize, const BANDS: usize, const ROWS: usize>(
    simd: S,
    tiles: &[Tile<S>; BANDS],
    groups: usize,
    x: &[Chunk; ROWS],
    sums: &mut [[S::Float; BANDS]; ROWS],
) {
    let mut local = *sums;
    let mut with_rests = 0;
    for x in x {
        with_rests |= x.with_rests;
    }
    for group in 0..groups {
        let mut weights = [&tiles[0].quants.as_chunks().0[group]; BANDS];
        for band in 0..BANDS {
            weights[band] = &tiles[band].quants.as_chunks().0[group];
        }
        let mut quants = [&[0; WORDS]; ROWS];
        let mut starts = [0; ROWS];
        for row in 0..ROWS {
            quants[row] = &x[row].quants.as_chunks().0[group];
            starts[row] = x[row].starts[group];
        }
        let mut dots = simd.dot(weights, quants, starts, F::BITS);
        // Asked of all rows at once first: between the products of two rows a question would keep them apart.
        if with_rests >> group & 1 == 1 {
            for row in 0..ROWS {
                let x = &x[row];
                if !x.has_rests(group) {
                    continue;
                }
                let [rests] =
                    simd.dot(weights, [&x.rests.as_chunks().0[group]], [x.rest_starts[group]], F::BITS);
                for band in 0..BANDS {
                    let quants = simd.shift_left(dots[row][band], REST_BITS);
                    dots[row][band] = simd.add_int(quants, rests[band]);
                }
            }
        }
        for row in 0..ROWS {
            for band in 0..BANDS {
                let sum = &mut local[row][band];
                *sum = add(simd, &tiles[band], &x[row], group, dots[row][band], *sum, F::MINIMUM);
            }
        }
    }
    *sums = local;
}

/// Adds a group's product to a sum, with exactly the roundings of the portable code.
#[inline(always)]
pub(crate) fn add<S: Simd>(
    simd: S,
    tile: &Tile<S>,
    x: &Chunk,
    group: usize,
    dot: S::Int,
    sum: S::Float,
    minimum: bool,
) -> S::Float {
    let scale = simd.mul(tile.scales[group], simd.splat_float(x.scales[group]));
    let sum = simd.fma(simd.float(dot), scale, sum);
    if minimum { simd.fma(tile.minima[group], simd.splat_float(x.sums[group]), sum) } else { sum }
}

/// What is computed for some bands at a time.
struct Scratch<S: Simd, const TOGETHER: usize> {
    tiles: [Tile<S>; TOGETHER],
    /// Of each activation row, for each band.
    sums: Vec<S::Float>,
}

impl<S: Simd, const TOGETHER: usize> Scratch<S, TOGETHER> {
    #[inline(always)]
    fn new(simd: S, rows: usize) -> Self {
        let sums = vec![simd.splat_float(0.0); rows * TOGETHER];
        Self { tiles: [Tile::new(simd); TOGETHER], sums }
    }
}

/// 256 unpacked values of each of `S::LANES` rows, four of each row in a word, with the scales of their groups.
#[derive(Clone, Copy)]
pub(crate) struct Tile<S: Simd> {
    pub(crate) quants: [S::Int; CHUNK / 4],
    pub(crate) scales: [S::Float; 16],
    pub(crate) minima: [S::Float; 16],
}

impl<S: Simd> Tile<S> {
    #[inline(always)]
    fn new(simd: S) -> Self {
        let zero = simd.splat_float(0.0);
        Self { quants: [simd.splat(0); CHUNK / 4], scales: [zero; 16], minima: [zero; 16] }
    }

    /// Unpacks chunk `chunk` of a part of a band and returns its number of groups.
    #[inline(always)]
    fn unpack<F: Format<WORDS>, const WORDS: usize>(
        &mut self,
        simd: S,
        band: &Band<'_>,
        part: usize,
        chunk: usize,
    ) -> usize {
        let blocks = CHUNK / F::LEN;
        let first = chunk * blocks;
        let count = blocks.min(band.words.len() / F::KIND.words() - first);
        let groups = F::LEN / (4 * WORDS);
        for block in 0..count {
            let (words, group) = (block * F::LEN / 4, block * groups);
            F::unpack(
                simd,
                band,
                part,
                first + block,
                &mut self.quants[words..words + F::LEN / 4],
                &mut self.scales[group..group + groups],
                &mut self.minima[group..group + groups],
            );
        }
        count * groups
    }
}
