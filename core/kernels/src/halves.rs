//! Numbers of half precision.

use half::f16;
use half::slice::HalfFloatSliceExt;

#[cfg(target_arch = "x86_64")]
use crate::cpu::Level;
use crate::panel::{LANES, Lanes, Panel};
#[cfg(target_arch = "x86_64")]
use crate::{avx2::Avx2, avx512::Avx512};

/// The instruction set that converts 16 numbers at once.
pub(crate) trait Widen: Copy {
    fn widen(self, halves: &[f16; LANES]) -> Lanes;
}

/// Every machine's.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Portable;

impl Widen for Portable {
    fn widen(self, halves: &[f16; LANES]) -> Lanes {
        halves.map(f16::to_f32)
    }
}

impl<S: Widen> Panel<S> for [f16; LANES] {
    #[inline(always)]
    fn lanes(&self, simd: S) -> Lanes {
        simd.widen(self)
    }
}

/// Writes the values of `halves` to `out`.
///
/// # Panics
///
/// If the lengths differ.
pub(crate) fn to_floats(halves: &[f16], out: &mut [f32]) {
    assert_eq!(halves.len(), out.len(), "`halves` and `out` have the same length");
    #[cfg(target_arch = "x86_64")]
    {
        let level = crate::cpu::active();
        if let (Level::Avx512Vnni | Level::Amx, Some(simd)) = (level, Avx512::new()) {
            return simd.to_floats(halves, out);
        } else if let (Level::Avx2, Some(simd)) = (level, Avx2::new()) {
            return simd.to_floats(halves, out);
        }
    }
    halves.convert_to_f32_slice(out);
}

#[cfg(test)]
mod tests {
    use half::f16;

    use super::to_floats;

    #[test]
    fn every_half_has_its_value() {
        let halves: Vec<f16> = (0..=u16::MAX).map(f16::from_bits).collect();
        for length in [halves.len(), 37, 8, 3, 0] {
            let mut floats = vec![1.0; length];

            to_floats(&halves[..length], &mut floats);

            for (half, float) in halves.iter().zip(floats) {
                let same = half.to_f32().to_bits() == float.to_bits();
                assert!(same || half.is_nan() && float.is_nan(), "{half:?} {float}");
            }
        }
    }
}
