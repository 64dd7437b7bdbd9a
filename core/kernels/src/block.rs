//! Portable decoding of one block, the meaning of every format.
//!
//! A format is groups of 16 or 32 values that share a scale and, in some formats, a minimum:
//! `value = scale * (quant - offset) + minimum`, with quants of 8 bits or fewer and without a sign.
//! Layouts: ggml's `ggml-common.h`.

use half::f16;

use crate::quant_type::{QuantType, ShapeError};

#[cfg(test)]
mod tests;

/// What the arithmetic has to know about a format.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Layout {
    /// Values that share a scale: 16 or 32.
    pub(crate) group: usize,
    /// What is subtracted from a quant.
    pub(crate) offset: i32,
    /// Whether groups have a minimum.
    pub(crate) minimum: bool,
}

impl QuantType {
    pub(crate) const fn layout(self) -> Layout {
        let (group, offset, minimum) = match self {
            Self::Q4_0 => (32, 8, false),
            Self::Q5_0 => (32, 16, false),
            Self::Q8_0 => (32, 128, false),
            Self::Q4_1 | Self::Q5_1 | Self::Q4K | Self::Q5K => (32, 0, true),
            Self::Q2K => (16, 0, true),
            Self::Q3K => (16, 4, false),
            Self::Q6K => (16, 32, false),
        };
        Layout { group, offset, minimum }
    }
}

/// A decoded block; formats of 32 values use the first 32 quants and the first group.
#[derive(Debug, Clone)]
pub(crate) struct Block {
    pub(crate) quants: [u8; 256],
    pub(crate) scales: [f32; 16],
    pub(crate) minima: [f32; 16],
}

impl Block {
    pub(crate) const ZERO: Self = Self { quants: [0; 256], scales: [0.0; 16], minima: [0.0; 16] };

    /// Decodes `bytes`, exactly one block.
    pub(crate) fn decode(&mut self, kind: QuantType, bytes: &[u8]) {
        debug_assert_eq!(bytes.len(), kind.block_bytes());
        match kind {
            QuantType::Q4_0 => {
                self.scales[0] = half(bytes, 0);
                nibbles(&bytes[2..18], &mut self.quants[..32]);
            }
            QuantType::Q4_1 => {
                self.scales[0] = half(bytes, 0);
                self.minima[0] = half(bytes, 2);
                nibbles(&bytes[4..20], &mut self.quants[..32]);
            }
            QuantType::Q5_0 => {
                self.scales[0] = half(bytes, 0);
                nibbles(&bytes[6..22], &mut self.quants[..32]);
                fifth_bits(&bytes[2..6], &mut self.quants[..32]);
            }
            QuantType::Q5_1 => {
                self.scales[0] = half(bytes, 0);
                self.minima[0] = half(bytes, 2);
                nibbles(&bytes[8..24], &mut self.quants[..32]);
                fifth_bits(&bytes[4..8], &mut self.quants[..32]);
            }
            QuantType::Q8_0 => {
                self.scales[0] = half(bytes, 0);
                for (quant, byte) in self.quants.iter_mut().zip(&bytes[2..34]) {
                    *quant = byte ^ 0x80;
                }
            }
            QuantType::Q2K => self.decode_q2k(bytes),
            QuantType::Q3K => self.decode_q3k(bytes),
            QuantType::Q4K => {
                self.decode_six_bit_scales(&bytes[..16]);
                for (pair, quants) in bytes[16..144].chunks_exact(32).zip(self.quants.chunks_exact_mut(64)) {
                    nibbles(pair, quants);
                }
            }
            QuantType::Q5K => {
                self.decode_six_bit_scales(&bytes[..16]);
                let high = &bytes[16..48];
                for (pair, quants) in bytes[48..176].chunks_exact(32).zip(self.quants.chunks_exact_mut(64)) {
                    nibbles(pair, quants);
                }
                for (group, quants) in self.quants.chunks_exact_mut(32).enumerate() {
                    for (quant, high) in quants.iter_mut().zip(high) {
                        *quant |= ((high >> group) & 1) << 4;
                    }
                }
            }
            QuantType::Q6K => self.decode_q6k(bytes),
        }
    }

    /// Writes the values of the block, which is of `kind`, to `out`.
    pub(crate) fn values(&self, kind: QuantType, out: &mut [f32]) {
        let layout = kind.layout();
        for (group, out) in out.chunks_exact_mut(layout.group).enumerate() {
            let (scale, minimum) = (self.scales[group], self.minima[group]);
            for (value, quant) in out.iter_mut().zip(&self.quants[group * layout.group..]) {
                let product = scale * (i32::from(*quant) - layout.offset) as f32;
                *value = if layout.minimum { product + minimum } else { product };
            }
        }
    }

    fn decode_q2k(&mut self, bytes: &[u8]) {
        let (scale, minimum) = (half(bytes, 80), half(bytes, 82));
        for (group, byte) in bytes[..16].iter().enumerate() {
            self.scales[group] = scale * f32::from(byte & 15);
            self.minima[group] = -(minimum * f32::from(byte >> 4));
        }
        two_bits(&bytes[16..80], &mut self.quants);
    }

    fn decode_q3k(&mut self, bytes: &[u8]) {
        let scale = half(bytes, 108);
        let packed = &bytes[96..108];
        for group in 0..16 {
            let low = (packed[group % 8] >> (4 * (group / 8))) & 15;
            let high = (packed[8 + group % 4] >> (2 * (group / 4))) & 3;
            self.scales[group] = scale * f32::from((low | (high << 4)) as i8 - 32);
        }
        two_bits(&bytes[32..96], &mut self.quants);
        for (index, quants) in self.quants.chunks_exact_mut(32).enumerate() {
            for (quant, high) in quants.iter_mut().zip(&bytes[..32]) {
                *quant |= ((high >> index) & 1) << 2;
            }
        }
    }

    fn decode_q6k(&mut self, bytes: &[u8]) {
        let scale = half(bytes, 208);
        for (group, byte) in bytes[192..208].iter().enumerate() {
            self.scales[group] = scale * f32::from(*byte as i8);
        }
        for (part, quants) in self.quants.chunks_exact_mut(128).enumerate() {
            let low = &bytes[64 * part..64 * (part + 1)];
            let high = &bytes[128 + 32 * part..128 + 32 * (part + 1)];
            for index in 0..32 {
                quants[index] = (low[index] & 15) | ((high[index] & 3) << 4);
                quants[index + 32] = (low[index + 32] & 15) | (((high[index] >> 2) & 3) << 4);
                quants[index + 64] = (low[index] >> 4) | (((high[index] >> 4) & 3) << 4);
                quants[index + 96] = (low[index + 32] >> 4) | ((high[index] >> 6) << 4);
            }
        }
    }

    /// The head of `Q4K` and `Q5K`: scale, scale of the minima, eight pairs of 6 bits.
    fn decode_six_bit_scales(&mut self, head: &[u8]) {
        let (scale, minimum) = (half(head, 0), half(head, 2));
        let packed = &head[4..16];
        for group in 0..8 {
            let (s, m) = if group < 4 {
                (packed[group] & 63, packed[group + 4] & 63)
            } else {
                (
                    (packed[group + 4] & 15) | ((packed[group - 4] >> 6) << 4),
                    (packed[group + 4] >> 4) | ((packed[group] >> 6) << 4),
                )
            };
            self.scales[group] = scale * f32::from(s);
            self.minima[group] = -(minimum * f32::from(m));
        }
    }
}

fn half(bytes: &[u8], at: usize) -> f32 {
    f16::from_le_bytes([bytes[at], bytes[at + 1]]).to_f32()
}

/// Low nibbles to the first half of `quants`, high nibbles to the second.
fn nibbles(bytes: &[u8], quants: &mut [u8]) {
    let (low, high) = quants.split_at_mut(bytes.len());
    for ((low, high), byte) in low.iter_mut().zip(high).zip(bytes) {
        *low = byte & 15;
        *high = byte >> 4;
    }
}

/// Bit `i` of the little-endian word in `bits` is the fifth bit of quant `i`.
fn fifth_bits(bits: &[u8], quants: &mut [u8]) {
    for (index, quant) in quants.iter_mut().enumerate() {
        *quant |= ((bits[index / 8] >> (index % 8)) & 1) << 4;
    }
}

/// Each 32 bytes hold 128 quants: bits 0 and 1 the first 32, bits 2 and 3 the next, and so on.
fn two_bits(bytes: &[u8], quants: &mut [u8; 256]) {
    for (bytes, quants) in bytes.chunks_exact(32).zip(quants.chunks_exact_mut(128)) {
        for (shift, quants) in quants.chunks_exact_mut(32).enumerate() {
            for (quant, byte) in quants.iter_mut().zip(bytes) {
                *quant = (byte >> (2 * shift)) & 3;
            }
        }
    }
}

/// Writes the values of the row `bytes` to `out`, bit for bit as ggml does.
///
/// # Errors
///
/// [`ShapeError`] if `out` is no whole number of blocks or `bytes` is not exactly these blocks.
pub fn dequantize_row(kind: QuantType, bytes: &[u8], out: &mut [f32]) -> Result<(), ShapeError> {
    let expected = kind.row_bytes(out.len()).ok_or(ShapeError::Row { kind, len: out.len() })?;
    ShapeError::check("bytes", bytes.len(), Some(expected))?;

    let mut block = Block::ZERO;
    for (bytes, out) in bytes.chunks_exact(kind.block_bytes()).zip(out.chunks_exact_mut(kind.block_len())) {
        block.decode(kind, bytes);
        block.values(kind, out);
    }
    Ok(())
}
