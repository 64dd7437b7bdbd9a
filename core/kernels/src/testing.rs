//! Random weights and activations for tests.

use half::f16;

use crate::quant_type::QuantType;

/// Where a block has numbers of 16 bits.
pub(crate) fn halves(kind: QuantType) -> &'static [usize] {
    match kind {
        QuantType::Q4_0 | QuantType::Q5_0 | QuantType::Q8_0 => &[0],
        QuantType::Q4_1 | QuantType::Q5_1 | QuantType::Q4K | QuantType::Q5K => &[0, 2],
        QuantType::Q2K => &[80, 82],
        QuantType::Q3K => &[108],
        QuantType::Q6K => &[208],
    }
}

/// A small generator of pseudo-random numbers (xorshift64*).
#[derive(Debug, Clone)]
pub(crate) struct Random(u64);

impl Random {
    pub(crate) fn new(seed: u64) -> Self {
        Self(seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1)
    }

    pub(crate) fn next(&mut self) -> u64 {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        self.0.wrapping_mul(0x2545_f491_4f6c_dd1d)
    }

    /// A number in `-1.0..1.0`.
    pub(crate) fn float(&mut self) -> f32 {
        (self.next() >> 40) as f32 / (1 << 23) as f32 - 1.0
    }

    pub(crate) fn floats(&mut self, len: usize) -> Vec<f32> {
        (0..len).map(|_| self.float()).collect()
    }

    /// Activations of which some are far above the others, as in language models.
    pub(crate) fn activations(&mut self, len: usize) -> Vec<f32> {
        let outlier = |random: &mut Self| random.next().is_multiple_of(61);
        (0..len).map(|_| if outlier(self) { 20.0 * self.float() } else { self.float() }).collect()
    }

    /// `blocks` blocks of random bytes, with scales in `-0.1..0.1`.
    pub(crate) fn blocks(&mut self, kind: QuantType, blocks: usize) -> Vec<u8> {
        let mut bytes: Vec<u8> =
            (0..blocks * kind.block_bytes()).map(|_| (self.next() >> 33) as u8).collect();
        for block in bytes.chunks_exact_mut(kind.block_bytes()) {
            for at in halves(kind) {
                let scale = f16::from_f32(0.1 * self.float());
                block[*at..at + 2].copy_from_slice(&scale.to_le_bytes());
            }
        }
        bytes
    }
}
