//! The product with 13 bits, for any instruction set.

use std::ops::Range;

use super::{BANDS, BLOCK, FAR, GROUP, Group, Line, NEAR, Product};
use crate::packed::BAND;
use crate::panel::{LANES, Lanes};
use crate::simd::Simd;

/// A group of some bands.
type Weights<'a> = [(&'a [Line; GROUP / 2], &'a Lanes); BANDS];

impl Product<'_> {
    /// Computes `columns` of the result; `out` has one slice for each row. Up to `rows` rows are computed at once: as many as
    /// there are registers for their sums.
    #[inline(always)]
    pub(crate) fn columns_by<S: Simd>(
        &self,
        simd: S,
        rows: usize,
        columns: Range<usize>,
        out: &mut [&mut [f32]],
    ) {
        let mut sums = vec![[simd.splat_float(0.0); BANDS]; out.len().min(FAR * BLOCK)];
        for (far, out) in out.chunks_mut(FAR * BLOCK).enumerate() {
            let sums = &mut sums[..out.len()];
            for column in columns.clone().step_by(BANDS * BAND) {
                for part in 0..BAND / S::LANES {
                    sums.fill([simd.splat_float(0.0); BANDS]);
                    self.add_columns(simd, rows, far * FAR, (column, part), sums);
                    for (out, sums) in out.iter_mut().zip(&*sums) {
                        for (band, sum) in sums.iter().enumerate() {
                            let place = column - columns.start + band * BAND + part * S::LANES;
                            write(simd, *sum, out.get_mut(place..).unwrap_or_default());
                        }
                    }
                }
            }
            for out in out {
                self.finish(&columns, out);
            }
        }
    }

    /// Adds the products of part `part` of the bands from `column` on with the rows of the blocks from `first` on.
    #[inline(always)]
    fn add_columns<S: Simd>(
        &self,
        simd: S,
        rows: usize,
        first: usize,
        (column, part): (usize, usize),
        sums: &mut [[S::Float; BANDS]],
    ) {
        for near in (0..self.depth()).step_by(NEAR) {
            for (block, sums) in sums.chunks_mut(BLOCK).enumerate() {
                for group in near..self.depth().min(near + NEAR) {
                    let (x, scales) = self.activations(first + block, group);
                    let band = |band| self.weights(column / BAND + band, group);
                    let weights = std::array::from_fn(band);
                    let together = sums.chunks_mut(rows).zip(x.chunks(rows).zip(scales.chunks(rows)));
                    for (sums, (x, scales)) in together {
                        add_group(simd, part, &weights, x, scales, sums);
                    }
                }
            }
        }
    }
}

/// Writes the lanes that `out` has room for: all of them, but at the end of a row.
#[inline(always)]
fn write<S: Simd>(simd: S, sum: S::Float, out: &mut [f32]) {
    if let Some(out) = out.first_chunk_mut::<LANES>() {
        simd.store(sum, out);
    } else {
        let mut lanes = [0.0; LANES];
        simd.store(sum, &mut lanes);
        out.iter_mut().zip(&lanes[..S::LANES]).for_each(|(out, lane)| *out = *lane);
    }
}

/// Adds the products of a group of some bands with some rows, up to [`BLOCK`] of them, to their sums.
#[inline(always)]
fn add_group<S: Simd>(
    simd: S,
    part: usize,
    weights: &Weights<'_>,
    x: &[Group],
    scales: &[f32],
    sums: &mut [[S::Float; BANDS]],
) {
    match sums.len() {
        1 => add_rows::<S, 1>(simd, part, weights, x, scales, sums),
        2 => add_rows::<S, 2>(simd, part, weights, x, scales, sums),
        3 => add_rows::<S, 3>(simd, part, weights, x, scales, sums),
        4 => add_rows::<S, 4>(simd, part, weights, x, scales, sums),
        5 => add_rows::<S, 5>(simd, part, weights, x, scales, sums),
        6 => add_rows::<S, 6>(simd, part, weights, x, scales, sums),
        7 => add_rows::<S, 7>(simd, part, weights, x, scales, sums),
        _ => add_rows::<S, BLOCK>(simd, part, weights, x, scales, sums),
    }
}

#[inline(always)]
fn add_rows<S: Simd, const ROWS: usize>(
    simd: S,
    part: usize,
    weights: &Weights<'_>,
    x: &[Group],
    scales: &[f32],
    sums: &mut [[S::Float; BANDS]],
) {
    let (Some(x), Some(sums)) = (x.first_chunk::<ROWS>(), sums.first_chunk_mut::<ROWS>()) else { return };
    let mut dots = [[simd.splat(0); BANDS]; ROWS];
    for pair in 0..GROUP / 2 {
        let mut lines = [simd.splat(0); BANDS];
        for band in 0..BANDS {
            lines[band] = simd.load_pairs(&weights[band].0[pair].0, part);
        }
        for row in 0..ROWS {
            let x = simd.splat(x[row][pair]);
            for band in 0..BANDS {
                dots[row][band] = simd.add_pairs(dots[row][band], lines[band], x);
            }
        }
    }
    for row in 0..ROWS {
        for band in 0..BANDS {
            let scale = simd.mul(simd.load_floats(weights[band].1, part), simd.splat_float(scales[row]));
            sums[row][band] = simd.fma(simd.float(dots[row][band]), scale, sums[row][band]);
        }
    }
}
