//! ggml's reference rounding of blocks of 32 weights (`ggml/src/ggml-quants.c`, `quantize_row_*_ref`): a scale from the
//! block's own range, then the nearest step.

use half::f16;

use crate::Quantisation;

const BLOCK: usize = 32;

/// Appends values as they are stored in this type. There are whole blocks of them.
///
/// # Panics
///
/// For types that are not written.
pub(super) fn encode(kind: Quantisation, values: &[f32], out: &mut Vec<u8>) {
    match kind {
        Quantisation::F32 => out.extend(values.iter().flat_map(|value| value.to_le_bytes())),
        Quantisation::F16 => out.extend(values.iter().flat_map(|value| f16::from_f32(*value).to_le_bytes())),
        Quantisation::Q8_0 => blocks(values).iter().for_each(|block| q8_0(block, out)),
        Quantisation::Q4_0 => blocks(values).iter().for_each(|block| q4_0(block, out)),
        Quantisation::Q4_1 => blocks(values).iter().for_each(|block| q4_1(block, out)),
        other => unreachable!("{other} is not written"),
    }
}

fn blocks(values: &[f32]) -> &[[f32; BLOCK]] {
    values.as_chunks().0
}

/// A scale, and signed bytes.
fn q8_0(block: &[f32; BLOCK], out: &mut Vec<u8>) {
    let largest = block.iter().fold(0.0, |largest: f32, value| largest.max(value.abs()));
    let scale = largest / 127.0;
    let inverse = inverse(scale);
    out.extend(f16::from_f32(scale).to_le_bytes());
    out.extend(block.iter().map(|value| (value * inverse).round() as i8 as u8));
}

/// A scale, and four bits for -8 to 7, of which -8 is the weight of the largest magnitude.
fn q4_0(block: &[f32; BLOCK], out: &mut Vec<u8>) {
    let largest = block
        .iter()
        .fold(0.0, |largest: f32, &value| if value.abs() > largest.abs() { value } else { largest });
    let scale = largest / -8.0;
    let inverse = inverse(scale);
    out.extend(f16::from_f32(scale).to_le_bytes());
    nibbles(block, |value| value * inverse + 8.5, out);
}

/// A scale, the smallest weight, and four bits for the steps above it.
fn q4_1(block: &[f32; BLOCK], out: &mut Vec<u8>) {
    let smallest = block.iter().copied().fold(f32::INFINITY, f32::min);
    let largest = block.iter().copied().fold(f32::NEG_INFINITY, f32::max);
    let scale = (largest - smallest) / 15.0;
    let inverse = inverse(scale);
    out.extend(f16::from_f32(scale).to_le_bytes());
    out.extend(f16::from_f32(smallest).to_le_bytes());
    nibbles(block, |value| (value - smallest) * inverse + 0.5, out);
}

fn inverse(scale: f32) -> f32 {
    if scale == 0.0 { 0.0 } else { 1.0 / scale }
}

/// The first half of a block in the low four bits, the second in the high ones; `step` is cut off.
fn nibbles(block: &[f32; BLOCK], step: impl Fn(f32) -> f32, out: &mut Vec<u8>) {
    let (low, high) = block.split_at(BLOCK / 2);
    let nibble = |value: f32| (step(value) as u8).min(15);
    out.extend(low.iter().zip(high).map(|(&low, &high)| nibble(low) | nibble(high) << 4));
}

#[cfg(test)]
mod tests;
