//! Products and distances of a vector with rows, by codes and rests.

use super::{CodedRows, LINE, Nearness};
use crate::cpu::Level;
use crate::panel::LANES;
use crate::vector::{dispatch, total};

/// What a value is counted in.
#[inline(always)]
pub(super) fn unit(scale: f32) -> f32 {
    scale / 65_536.0
}

/// A value in units: 24 bits, which f32 holds.
#[inline(always)]
pub(super) fn steps(code: u8, rest: i16) -> i32 {
    (i32::from(code) - 128) * 65_536 + i32::from(rest)
}

dispatch! {
    pub(super) fn score(level: Level, coded: &CodedRows, vector: &[f32], rows: &[u32], out: &mut [f32]) =
        level => score_portable;
}

#[inline(always)]
fn score_portable(_level: Level, coded: &CodedRows, vector: &[f32], rows: &[u32], out: &mut [f32]) {
    match coded.nearness {
        Nearness::Dot => each(coded, vector, rows, out, |a, b| a * b),
        Nearness::Distance => each(coded, vector, rows, out, |a, b| (a - b) * (a - b)),
    }
}

/// Writes the sums of `term` to `out`; each has 16 lanes, whatever the instruction set.
#[inline(always)]
fn each(
    coded: &CodedRows,
    vector: &[f32],
    rows: &[u32],
    out: &mut [f32],
    term: impl Fn(f32, f32) -> f32 + Copy,
) {
    for (index, (row, out)) in rows.iter().zip(out).enumerate() {
        if let Some(next) = rows.get(index + 1) {
            fetch(coded, *next as usize);
        }
        *out = sum(coded, vector, *row as usize, term);
    }
}

#[inline(always)]
fn sum(rows: &CodedRows, vector: &[f32], row: usize, term: impl Fn(f32, f32) -> f32) -> f32 {
    let unit = unit(rows.facts[row].scale);
    let mut sums = [0.0; LANES];
    for ((vector, line), rests) in
        vector.chunks(LINE).zip(rows.line(row)).zip(rows.rests.get(row).chunks(LINE))
    {
        let (codes, rests) = (line.0.as_chunks::<LANES>().0, rests.as_chunks::<LANES>().0);
        for ((vector, codes), rests) in vector.chunks(LANES).zip(codes).zip(rests) {
            let mut values = [0.0; LANES];
            for lane in 0..LANES {
                values[lane] = steps(codes[lane], rests[lane]) as f32 * unit;
            }
            if let Ok(vector) = <&[f32; LANES]>::try_from(vector) {
                for lane in 0..LANES {
                    sums[lane] += term(vector[lane], values[lane]);
                }
            } else {
                for ((sum, a), b) in sums.iter_mut().zip(vector).zip(values) {
                    *sum += term(*a, b);
                }
            }
        }
    }
    total(sums)
}

/// Asks for a row that will be read soon.
#[inline(always)]
fn fetch(coded: &CodedRows, row: usize) {
    #[cfg(target_arch = "x86_64")]
    {
        for line in coded.line(row) {
            crate::simd::fetch(line);
        }
        for rests in coded.rests.get(row).chunks(2 * LANES) {
            crate::simd::fetch(rests);
        }
    }
    #[cfg(not(target_arch = "x86_64"))]
    let _ = (coded, row);
}
