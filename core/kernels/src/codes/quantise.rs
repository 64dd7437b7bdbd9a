//! How a vector becomes codes, and what they leave out.

use super::rests::width;
use super::{LINE, Line, above};
use crate::cpu::Level;
use crate::vector::{dispatch, largest_magnitude};

/// What came of a vector.
pub(super) struct Quantised {
    /// Signed bytes.
    pub(super) codes: Vec<Line>,
    pub(super) scale: f32,
    /// The length of what the codes leave out, or more.
    pub(super) error: f32,
    /// The length of the vector.
    pub(super) length: f64,
}

dispatch! {
    pub(super) fn quantise(level: Level, vector: &[f32]) -> Quantised = level => quantise_portable;
}

dispatch! {
    /// What the codes of a vector leave out.
    pub(super) fn rests_of(level: Level, vector: &[f32], quantised: &Quantised) -> Vec<i16> = level => rests_portable;
}

#[inline(always)]
fn quantise_portable(_level: Level, vector: &[f32]) -> Quantised {
    // Sums of products of two codes stay below 2³¹.
    let most = (f64::from(i32::MAX) / vector.len().max(1) as f64).sqrt().floor().min(127.0) as f32;
    let largest = largest_magnitude(vector);
    // Of smaller scales too few bits are left.
    let scale = if largest > 0.0 { (largest / most).max(f32::MIN_POSITIVE) } else { 0.0 };
    let inverse = if scale > 0.0 { 1.0 / scale } else { 0.0 };
    let mut codes = vec![Line([0; LINE]); vector.len().div_ceil(LINE)];
    let (mut error, mut length) = (0.0, 0.0);
    for (values, line) in vector.chunks(LINE).zip(&mut codes) {
        for (value, byte) in values.iter().zip(&mut line.0) {
            let code = (value * inverse).round_ties_even().clamp(-most, most) as i8;
            *byte = code.cast_unsigned();
            let left = f64::from(*value) - f64::from(scale) * f64::from(code);
            error += left * left;
            length += f64::from(*value) * f64::from(*value);
        }
    }
    // The rests are rounded too.
    let rounded = f64::from(scale) / 65_536.0 * (vector.len() as f64).sqrt();
    Quantised { codes, scale, error: above(error.sqrt() + rounded), length: length.sqrt() }
}

#[inline(always)]
fn rests_portable(_level: Level, vector: &[f32], quantised: &Quantised) -> Vec<i16> {
    let scale = f64::from(quantised.scale);
    let steps = 65_536.0 * if scale > 0.0 { 1.0 / scale } else { 0.0 };
    let mut rests = vec![0; width(vector.len())];
    let parts = vector.chunks(LINE).zip(&quantised.codes).zip(rests.chunks_mut(LINE));
    for ((values, line), rests) in parts {
        for ((value, byte), rest) in values.iter().zip(&line.0).zip(rests) {
            let left = f64::from(*value) - scale * f64::from(byte.cast_signed());
            *rest = (left * steps).round_ties_even() as i16;
        }
    }
    rests
}
