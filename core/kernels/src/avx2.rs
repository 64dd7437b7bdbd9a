//! AVX2: eight weight rows at once.

use std::arch::x86_64::{
    __m256, __m256i, _mm_loadu_si128, _mm_packus_epi32, _mm256_abs_epi8, _mm256_add_epi8, _mm256_add_epi16,
    _mm256_add_epi32, _mm256_add_ps, _mm256_and_si256, _mm256_castsi256_si128, _mm256_cmpeq_epi8,
    _mm256_cvtepi32_ps, _mm256_cvtph_ps, _mm256_extracti128_si256, _mm256_fmadd_ps, _mm256_loadu_ps,
    _mm256_loadu_si256, _mm256_madd_epi16, _mm256_maddubs_epi16, _mm256_mul_ps, _mm256_or_si256,
    _mm256_set1_epi8, _mm256_set1_epi16, _mm256_set1_epi32, _mm256_set1_ps, _mm256_setr_epi32,
    _mm256_setzero_si256, _mm256_shuffle_epi8, _mm256_sign_epi8, _mm256_sllv_epi32, _mm256_srav_epi32,
    _mm256_srlv_epi32, _mm256_storeu_ps, _mm256_xor_si256,
};
use std::ops::Range;

use half::f16;

use crate::attention::{Attended, Span};
use crate::cpu::Level;
use crate::fixed;
use crate::format::{Format, with_format};
use crate::halves::Widen;
use crate::kernel;
use crate::matmul::Product;
use crate::packed::BAND;
use crate::panel::{LANES, Lanes};
use crate::simd::{Simd, prefetch};

/// The proof that the CPU has AVX2, FMA and F16C.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Avx2(());

impl Avx2 {
    pub(crate) fn new() -> Option<Self> {
        Level::Avx2.is_available().then_some(Self(()))
    }

    /// Writes the values of `halves` to `out`, which is as long.
    pub(crate) fn to_floats(self, halves: &[f16], out: &mut [f32]) {
        // SAFETY: `self` proves that the CPU has the features of `to_floats`.
        unsafe { to_floats(self, halves, out) }
    }

    /// Attends over a span.
    pub(crate) fn attend(self, span: &Span<'_>) -> Attended {
        // SAFETY: `self` proves that the CPU has the features of `attend`.
        unsafe { attend(self, span) }
    }

    /// Computes `columns` of a product with 13 bits; `out` has one slice for each row of activations.
    pub(crate) fn fixed_columns(
        self,
        product: &fixed::Product<'_>,
        columns: Range<usize>,
        out: &mut [&mut [f32]],
    ) {
        // SAFETY: `self` proves that the CPU has the features of `fixed_columns`.
        unsafe { fixed_columns(self, product, columns, out) }
    }

    /// Computes `columns` of the result; `out` has one slice for each row of activations.
    pub(crate) fn columns(self, product: &Product<'_>, columns: Range<usize>, out: &mut [&mut [f32]]) {
        // SAFETY: `self` proves that the CPU has the features of `run`.
        unsafe { with_format!(product.kind, run(self, product, columns, out)) }
    }
}

#[target_feature(enable = "avx2,fma,f16c")]
fn run<F: Format<WORDS>, const WORDS: usize>(
    simd: Avx2,
    product: &Product<'_>,
    columns: Range<usize>,
    out: &mut [&mut [f32]],
) {
    kernel::columns::<Avx2, F, WORDS, 1>(simd, None, product, columns, out);
}

#[target_feature(enable = "avx2,fma,f16c")]
fn fixed_columns(simd: Avx2, product: &fixed::Product<'_>, columns: Range<usize>, out: &mut [&mut [f32]]) {
    product.columns_by(simd, 4, columns, out);
}

#[target_feature(enable = "avx2,fma,f16c")]
fn attend(simd: Avx2, span: &Span<'_>) -> Attended {
    span.attend(simd)
}

#[target_feature(enable = "avx2,f16c")]
fn to_floats(_simd: Avx2, halves: &[f16], out: &mut [f32]) {
    let ((halves, rest), (out, out_rest)) = (halves.as_chunks::<8>(), out.as_chunks_mut::<8>());
    for (halves, out) in halves.iter().zip(out) {
        // SAFETY: both have 8 numbers; the function has the features.
        unsafe {
            _mm256_storeu_ps(out.as_mut_ptr(), _mm256_cvtph_ps(_mm_loadu_si128(halves.as_ptr().cast())));
        }
    }
    for (half, out) in rest.iter().zip(out_rest) {
        *out = half.to_f32();
    }
}

/// Calls intrinsics without memory operands.
macro_rules! intrinsic {
    ($call:expr) => {
        // SAFETY: `Avx2` proves that the CPU has the instruction.
        unsafe { $call }
    };
}

impl Avx2 {
    /// Sums of products of bytes in pairs, for weights of `bits` bits: at most what fits 16 bits.
    #[inline(always)]
    fn dot_unsigned<const WORDS: usize>(
        self,
        weights: &[__m256i; WORDS],
        x: &[u32; WORDS],
        bits: u32,
    ) -> __m256i {
        // A pair is at most 2 * 127 * (2^bits - 1); so many of them fit an i16.
        let together = match bits {
            ..=4 => 8,
            5 => 4,
            _ => 2,
        };
        intrinsic!({
            let ones = _mm256_set1_epi16(1);
            let mut sum = _mm256_setzero_si256();
            let mut pairs = _mm256_setzero_si256();
            for word in 0..WORDS {
                let product = _mm256_maddubs_epi16(weights[word], self.splat(x[word]));
                pairs = if word % together == 0 { product } else { _mm256_add_epi16(pairs, product) };
                if (word + 1) % together == 0 || word + 1 == WORDS {
                    sum = _mm256_add_epi32(sum, _mm256_madd_epi16(pairs, ones));
                }
            }
            sum
        })
    }

    /// The same for weights of 8 bits, which lack the 128 that `Format` adds to them.
    #[inline(always)]
    fn dot_signed<const WORDS: usize>(self, weights: &[__m256i; WORDS], x: &[u32; WORDS]) -> __m256i {
        intrinsic!({
            let ones = _mm256_set1_epi16(1);
            let mut sum = _mm256_setzero_si256();
            for word in 0..WORDS {
                let weights = _mm256_xor_si256(weights[word], _mm256_set1_epi8(-128));
                // A pair is at most 2 * 127 * 128: it fits. Magnitudes of activations are never 128.
                let pairs = _mm256_maddubs_epi16(
                    _mm256_abs_epi8(weights),
                    _mm256_sign_epi8(self.splat(x[word]), weights),
                );
                sum = _mm256_add_epi32(sum, _mm256_madd_epi16(pairs, ones));
            }
            sum
        })
    }
}

impl Widen for Avx2 {
    #[inline(always)]
    fn widen(self, halves: &[f16; LANES]) -> Lanes {
        let mut lanes = [0.0; LANES];
        prefetch(halves.as_ptr().cast());
        for (halves, lanes) in halves.as_chunks::<8>().0.iter().zip(lanes.as_chunks_mut::<8>().0) {
            // SAFETY: both have 8 numbers; `Avx2` proves that the CPU has the instructions.
            unsafe {
                let halves = _mm_loadu_si128(halves.as_ptr().cast());
                _mm256_storeu_ps(lanes.as_mut_ptr(), _mm256_cvtph_ps(halves));
            }
        }
        lanes
    }
}

impl Simd for Avx2 {
    const LANES: usize = 8;
    type Int = __m256i;
    type Float = __m256;

    #[inline(always)]
    fn splat(self, value: u32) -> __m256i {
        intrinsic!(_mm256_set1_epi32(value as i32))
    }

    #[inline(always)]
    fn add_int(self, a: __m256i, b: __m256i) -> __m256i {
        intrinsic!(_mm256_add_epi32(a, b))
    }

    #[inline(always)]
    fn and(self, a: __m256i, b: __m256i) -> __m256i {
        intrinsic!(_mm256_and_si256(a, b))
    }

    #[inline(always)]
    fn or(self, a: __m256i, b: __m256i) -> __m256i {
        intrinsic!(_mm256_or_si256(a, b))
    }

    #[inline(always)]
    fn xor(self, a: __m256i, b: __m256i) -> __m256i {
        intrinsic!(_mm256_xor_si256(a, b))
    }

    #[inline(always)]
    fn shift_left(self, a: __m256i, bits: u32) -> __m256i {
        intrinsic!(_mm256_sllv_epi32(a, self.splat(bits)))
    }

    #[inline(always)]
    fn shift_right(self, a: __m256i, bits: u32) -> __m256i {
        intrinsic!(_mm256_srlv_epi32(a, self.splat(bits)))
    }

    #[inline(always)]
    fn shift_right_signed(self, a: __m256i, bits: u32) -> __m256i {
        intrinsic!(_mm256_srav_epi32(a, self.splat(bits)))
    }

    #[inline(always)]
    fn add_fifth_bits(self, quants: __m256i, bits: __m256i, word: usize) -> __m256i {
        intrinsic!({
            let first_bytes = _mm256_setr_epi32(
                0,
                0x0404_0404,
                0x0808_0808,
                0x0c0c_0c0c,
                0,
                0x0404_0404,
                0x0808_0808,
                0x0c0c_0c0c,
            );
            let bytes = _mm256_add_epi8(first_bytes, _mm256_set1_epi8((word / 2) as i8));
            let bit = self.splat(if word.is_multiple_of(2) { 0x0804_0201 } else { 0x8040_2010 });
            let set = _mm256_cmpeq_epi8(self.and(_mm256_shuffle_epi8(bits, bytes), bit), bit);
            self.or(quants, self.and(set, _mm256_set1_epi8(16)))
        })
    }

    #[inline(always)]
    fn load(self, words: &[u8; 4 * BAND], part: usize) -> __m256i {
        if part == 0 {
            // The other part reads the same lines.
            prefetch(words.as_ptr());
        }
        let words = &words.as_chunks::<32>().0[part];
        // SAFETY: there are 32 bytes; `Avx2` proves that the CPU has the instruction.
        unsafe { _mm256_loadu_si256(words.as_ptr().cast()) }
    }

    #[inline(always)]
    fn load_halves(self, halves: &[u8; 2 * BAND], part: usize) -> __m256 {
        let halves = &halves.as_chunks::<16>().0[part];
        // SAFETY: there are 16 bytes; `Avx2` proves that the CPU has the instructions.
        unsafe { _mm256_cvtph_ps(_mm_loadu_si128(halves.as_ptr().cast())) }
    }

    #[inline(always)]
    fn load_pairs(self, pairs: &[i16; 2 * BAND], part: usize) -> __m256i {
        // SAFETY: there are two parts of 32 bytes; `Avx2` proves that the CPU has the instruction.
        unsafe { _mm256_loadu_si256(pairs.as_ptr().add(BAND * part).cast()) }
    }

    #[inline(always)]
    fn load_floats(self, floats: &Lanes, part: usize) -> __m256 {
        // SAFETY: there are two parts of 8 numbers; `Avx2` proves that the CPU has the instruction.
        unsafe { _mm256_loadu_ps(floats.as_ptr().add(Self::LANES * part)) }
    }

    #[inline(always)]
    fn add_pairs(self, sum: __m256i, a: __m256i, b: __m256i) -> __m256i {
        intrinsic!(_mm256_add_epi32(sum, _mm256_madd_epi16(a, b)))
    }

    #[inline(always)]
    fn splat_float(self, value: f32) -> __m256 {
        intrinsic!(_mm256_set1_ps(value))
    }

    #[inline(always)]
    fn float(self, a: __m256i) -> __m256 {
        intrinsic!(_mm256_cvtepi32_ps(a))
    }

    #[inline(always)]
    fn half(self, a: __m256i) -> __m256 {
        intrinsic!({
            let low = self.and(a, self.splat(0xffff));
            let packed = _mm_packus_epi32(_mm256_castsi256_si128(low), _mm256_extracti128_si256::<1>(low));
            _mm256_cvtph_ps(packed)
        })
    }

    #[inline(always)]
    fn add(self, a: __m256, b: __m256) -> __m256 {
        intrinsic!(_mm256_add_ps(a, b))
    }

    #[inline(always)]
    fn mul(self, a: __m256, b: __m256) -> __m256 {
        intrinsic!(_mm256_mul_ps(a, b))
    }

    #[inline(always)]
    fn fma(self, a: __m256, b: __m256, c: __m256) -> __m256 {
        intrinsic!(_mm256_fmadd_ps(a, b, c))
    }

    #[inline(always)]
    fn store(self, a: __m256, out: &mut [f32; 16]) {
        // SAFETY: `out` has 16 values, eight are written; `Avx2` proves that the CPU has the instruction.
        unsafe { _mm256_storeu_ps(out.as_mut_ptr(), a) }
    }

    #[inline(always)]
    fn dot<const WORDS: usize, const BANDS: usize, const ROWS: usize>(
        self,
        weights: [&[__m256i; WORDS]; BANDS],
        x: [&[u32; WORDS]; ROWS],
        starts: [i32; ROWS],
        bits: u32,
    ) -> [[__m256i; BANDS]; ROWS] {
        let mut sums = [[self.splat(0); BANDS]; ROWS];
        // A closure would be compiled by itself, for a machine without AVX2.
        for row in 0..ROWS {
            for band in 0..BANDS {
                sums[row][band] = if bits == 8 {
                    self.dot_signed(weights[band], x[row])
                } else {
                    let dot = self.dot_unsigned(weights[band], x[row], bits);
                    self.add_int(self.splat(starts[row] as u32), dot)
                };
            }
        }
        sums
    }
}
