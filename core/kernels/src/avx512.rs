//! AVX-512 with VNNI: 16 weight rows at once, four products of bytes added in one instruction.

use std::arch::x86_64::{
    __m512, __m512i, _mm256_loadu_si256, _mm512_add_epi8, _mm512_add_epi32, _mm512_add_ps, _mm512_and_si512,
    _mm512_cvtepi32_epi16, _mm512_cvtepi32_ps, _mm512_cvtph_ps, _mm512_dpbusd_epi32, _mm512_dpwssd_epi32,
    _mm512_fmadd_ps, _mm512_loadu_ps, _mm512_loadu_si512, _mm512_mask_add_epi8, _mm512_mul_ps,
    _mm512_or_si512, _mm512_set1_epi8, _mm512_set1_epi32, _mm512_set1_ps, _mm512_set4_epi32,
    _mm512_shuffle_epi8, _mm512_sllv_epi32, _mm512_srav_epi32, _mm512_srlv_epi32, _mm512_storeu_ps,
    _mm512_test_epi8_mask, _mm512_xor_si512,
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
use crate::square::SquareProduct;

/// The proof that the CPU has AVX-512 F, BW and VNNI.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Avx512(());

impl Avx512 {
    pub(crate) fn new() -> Option<Self> {
        Level::Avx512Vnni.is_available().then_some(Self(()))
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
    ///
    /// Sixteen rows of activations are left to `square` where there is one.
    pub(crate) fn columns(
        self,
        square: Option<&dyn SquareProduct<Self>>,
        product: &Product<'_>,
        columns: Range<usize>,
        out: &mut [&mut [f32]],
    ) {
        // SAFETY: `self` proves that the CPU has the features of `run`.
        unsafe { with_format!(product.kind, run(self, square, product, columns, out)) }
    }
}

#[target_feature(enable = "avx2,fma,f16c,avx512f,avx512bw,avx512vnni")]
fn run<F: Format<WORDS>, const WORDS: usize>(
    simd: Avx512,
    square: Option<&dyn SquareProduct<Avx512>>,
    product: &Product<'_>,
    columns: Range<usize>,
    out: &mut [&mut [f32]],
) {
    kernel::columns::<Avx512, F, WORDS, 2>(simd, square, product, columns, out);
}

#[target_feature(enable = "avx2,fma,f16c,avx512f,avx512bw,avx512vnni")]
fn fixed_columns(simd: Avx512, product: &fixed::Product<'_>, columns: Range<usize>, out: &mut [&mut [f32]]) {
    product.columns_by(simd, 8, columns, out);
}

#[target_feature(enable = "avx2,fma,f16c,avx512f,avx512bw,avx512vnni")]
fn attend(simd: Avx512, span: &Span<'_>) -> Attended {
    span.attend(simd)
}

#[target_feature(enable = "avx512f")]
fn to_floats(_simd: Avx512, halves: &[f16], out: &mut [f32]) {
    let ((halves, rest), (out, out_rest)) = (halves.as_chunks::<16>(), out.as_chunks_mut::<16>());
    for (halves, out) in halves.iter().zip(out) {
        // SAFETY: both have 16 numbers; the function has the features.
        unsafe {
            _mm512_storeu_ps(out.as_mut_ptr(), _mm512_cvtph_ps(_mm256_loadu_si256(halves.as_ptr().cast())));
        }
    }
    for (half, out) in rest.iter().zip(out_rest) {
        *out = half.to_f32();
    }
}

/// Calls intrinsics without memory operands.
macro_rules! intrinsic {
    ($call:expr) => {
        // SAFETY: `Avx512` proves that the CPU has the instruction.
        unsafe { $call }
    };
}

impl Widen for Avx512 {
    #[inline(always)]
    fn widen(self, halves: &[f16; LANES]) -> Lanes {
        let mut lanes = [0.0; LANES];
        prefetch(halves.as_ptr().cast());
        // SAFETY: both have 16 numbers; `Avx512` proves that the CPU has the instructions.
        unsafe {
            let halves = _mm256_loadu_si256(halves.as_ptr().cast());
            _mm512_storeu_ps(lanes.as_mut_ptr(), _mm512_cvtph_ps(halves));
        }
        lanes
    }
}

impl Simd for Avx512 {
    const LANES: usize = 16;
    type Int = __m512i;
    type Float = __m512;

    #[inline(always)]
    fn splat(self, value: u32) -> __m512i {
        intrinsic!(_mm512_set1_epi32(value as i32))
    }

    #[inline(always)]
    fn add_int(self, a: __m512i, b: __m512i) -> __m512i {
        intrinsic!(_mm512_add_epi32(a, b))
    }

    #[inline(always)]
    fn and(self, a: __m512i, b: __m512i) -> __m512i {
        intrinsic!(_mm512_and_si512(a, b))
    }

    #[inline(always)]
    fn or(self, a: __m512i, b: __m512i) -> __m512i {
        intrinsic!(_mm512_or_si512(a, b))
    }

    #[inline(always)]
    fn xor(self, a: __m512i, b: __m512i) -> __m512i {
        intrinsic!(_mm512_xor_si512(a, b))
    }

    #[inline(always)]
    fn shift_left(self, a: __m512i, bits: u32) -> __m512i {
        intrinsic!(_mm512_sllv_epi32(a, self.splat(bits)))
    }

    #[inline(always)]
    fn shift_right(self, a: __m512i, bits: u32) -> __m512i {
        intrinsic!(_mm512_srlv_epi32(a, self.splat(bits)))
    }

    #[inline(always)]
    fn shift_right_signed(self, a: __m512i, bits: u32) -> __m512i {
        intrinsic!(_mm512_srav_epi32(a, self.splat(bits)))
    }

    #[inline(always)]
    fn add_fifth_bits(self, quants: __m512i, bits: __m512i, word: usize) -> __m512i {
        intrinsic!({
            let first_bytes = _mm512_set4_epi32(0x0c0c_0c0c, 0x0808_0808, 0x0404_0404, 0);
            let bytes = _mm512_add_epi8(first_bytes, _mm512_set1_epi8((word / 2) as i8));
            let bit = self.splat(if word.is_multiple_of(2) { 0x0804_0201 } else { 0x8040_2010 });
            let set = _mm512_test_epi8_mask(_mm512_shuffle_epi8(bits, bytes), bit);
            _mm512_mask_add_epi8(quants, set, quants, _mm512_set1_epi8(16))
        })
    }

    #[inline(always)]
    fn load(self, words: &[u8; 4 * BAND], _part: usize) -> __m512i {
        prefetch(words.as_ptr());
        // SAFETY: there are 64 bytes; `Avx512` proves that the CPU has the instruction.
        unsafe { _mm512_loadu_si512(words.as_ptr().cast()) }
    }

    #[inline(always)]
    fn load_halves(self, halves: &[u8; 2 * BAND], _part: usize) -> __m512 {
        // SAFETY: there are 32 bytes; `Avx512` proves that the CPU has the instructions.
        unsafe { _mm512_cvtph_ps(_mm256_loadu_si256(halves.as_ptr().cast())) }
    }

    #[inline(always)]
    fn load_pairs(self, pairs: &[i16; 2 * BAND], _part: usize) -> __m512i {
        // SAFETY: there are 64 bytes; `Avx512` proves that the CPU has the instruction.
        unsafe { _mm512_loadu_si512(pairs.as_ptr().cast()) }
    }

    #[inline(always)]
    fn load_floats(self, floats: &Lanes, _part: usize) -> __m512 {
        // SAFETY: there are 16 numbers; `Avx512` proves that the CPU has the instruction.
        unsafe { _mm512_loadu_ps(floats.as_ptr()) }
    }

    #[inline(always)]
    fn add_pairs(self, sum: __m512i, a: __m512i, b: __m512i) -> __m512i {
        intrinsic!(_mm512_dpwssd_epi32(sum, a, b))
    }

    #[inline(always)]
    fn splat_float(self, value: f32) -> __m512 {
        intrinsic!(_mm512_set1_ps(value))
    }

    #[inline(always)]
    fn float(self, a: __m512i) -> __m512 {
        intrinsic!(_mm512_cvtepi32_ps(a))
    }

    #[inline(always)]
    fn half(self, a: __m512i) -> __m512 {
        intrinsic!(_mm512_cvtph_ps(_mm512_cvtepi32_epi16(a)))
    }

    #[inline(always)]
    fn add(self, a: __m512, b: __m512) -> __m512 {
        intrinsic!(_mm512_add_ps(a, b))
    }

    #[inline(always)]
    fn mul(self, a: __m512, b: __m512) -> __m512 {
        intrinsic!(_mm512_mul_ps(a, b))
    }

    #[inline(always)]
    fn fma(self, a: __m512, b: __m512, c: __m512) -> __m512 {
        intrinsic!(_mm512_fmadd_ps(a, b, c))
    }

    #[inline(always)]
    fn store(self, a: __m512, out: &mut [f32; 16]) {
        // SAFETY: `out` has 16 values; `Avx512` proves that the CPU has the instruction.
        unsafe { _mm512_storeu_ps(out.as_mut_ptr(), a) }
    }

    #[inline(always)]
    fn dot<const WORDS: usize, const BANDS: usize, const ROWS: usize>(
        self,
        weights: [&[__m512i; WORDS]; BANDS],
        x: [&[u32; WORDS]; ROWS],
        starts: [i32; ROWS],
        _bits: u32,
    ) -> [[__m512i; BANDS]; ROWS] {
        let mut sums = [[self.splat(0); BANDS]; ROWS];
        for row in 0..ROWS {
            sums[row] = [self.splat(starts[row] as u32); BANDS];
        }
        // Row by row within a word: an instruction that waits for the one before it would leave the others idle.
        for word in 0..WORDS {
            for row in 0..ROWS {
                let x = self.splat(x[row][word]);
                for band in 0..BANDS {
                    sums[row][band] =
                        intrinsic!(_mm512_dpbusd_epi32(sums[row][band], weights[band][word], x));
                }
            }
        }
        sums
    }
}
