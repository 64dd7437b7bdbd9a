//! Products of bytes on x86-64.

use std::arch::x86_64::{
    __m128i, __m256i, __m512i, _mm_add_epi32, _mm_load_si128, _mm_storeu_si128, _mm256_add_epi32,
    _mm256_castsi256_si128, _mm256_cvtepi8_epi16, _mm256_cvtepu8_epi16, _mm256_extracti128_si256,
    _mm256_hadd_epi32, _mm256_madd_epi16, _mm256_setzero_si256, _mm512_add_epi32, _mm512_castsi512_si256,
    _mm512_dpbusd_epi32, _mm512_extracti64x4_epi64, _mm512_load_si512, _mm512_setzero_si512,
    _mm512_unpackhi_epi32, _mm512_unpackhi_epi64, _mm512_unpacklo_epi32, _mm512_unpacklo_epi64,
};

use super::product::{Bytes, Margin, Rows, TOGETHER, run};
use super::{CodedQuery, CodedRows, LINE, Line};
use crate::simd::fetch;

/// [`run`] with four products of bytes in each lane at once.
#[target_feature(enable = "avx2,fma,f16c,avx512f,avx512bw,avx512vnni")]
pub(super) fn avx512<R: Rows, M: Margin>(
    margin: M,
    coded: &CodedRows,
    query: &CodedQuery,
    rows: R,
    threshold: f32,
    out: &mut [f32],
) -> bool {
    run(Avx512(()), margin, coded, query, rows, threshold, out)
}

/// [`run`] with products of 16 bits: pairs of products of bytes could overflow.
#[target_feature(enable = "avx2,fma,f16c")]
pub(super) fn avx2<R: Rows, M: Margin>(
    margin: M,
    coded: &CodedRows,
    query: &CodedQuery,
    rows: R,
    threshold: f32,
    out: &mut [f32],
) -> bool {
    run(Avx2(()), margin, coded, query, rows, threshold, out)
}

/// Made only where the CPU has AVX-512 F, BW and VNNI.
#[derive(Debug, Clone, Copy)]
struct Avx512(());

/// Made only where the CPU has AVX2.
#[derive(Debug, Clone, Copy)]
struct Avx2(());

impl Bytes for Avx512 {
    #[inline(always)]
    fn multiply(self, query: &[Line], rows: [&[Line]; TOGETHER]) -> [i32; TOGETHER] {
        let [a, b, c, d] = rows;
        // SAFETY: `self` was made where the CPU has the instructions; a line is 64 bytes, aligned to 64.
        unsafe {
            let mut sums = [_mm512_setzero_si512(); TOGETHER];
            for ((((query, a), b), c), d) in query.iter().zip(a).zip(b).zip(c).zip(d) {
                let query = load(query);
                sums[0] = _mm512_dpbusd_epi32(sums[0], load(a), query);
                sums[1] = _mm512_dpbusd_epi32(sums[1], load(b), query);
                sums[2] = _mm512_dpbusd_epi32(sums[2], load(c), query);
                sums[3] = _mm512_dpbusd_epi32(sums[3], load(d), query);
            }
            let [a, b, c, d] = sums;
            let ab = _mm512_add_epi32(_mm512_unpacklo_epi32(a, b), _mm512_unpackhi_epi32(a, b));
            let cd = _mm512_add_epi32(_mm512_unpacklo_epi32(c, d), _mm512_unpackhi_epi32(c, d));
            let all = _mm512_add_epi32(_mm512_unpacklo_epi64(ab, cd), _mm512_unpackhi_epi64(ab, cd));
            halve(_mm256_add_epi32(_mm512_castsi512_si256(all), _mm512_extracti64x4_epi64::<1>(all)))
        }
    }

    #[inline(always)]
    fn fetch<T>(self, line: &T) {
        fetch(line);
    }
}

impl Bytes for Avx2 {
    #[inline(always)]
    fn multiply(self, query: &[Line], rows: [&[Line]; TOGETHER]) -> [i32; TOGETHER] {
        let [a, b, c, d] = rows;
        // SAFETY: `self` was made where the CPU has the instructions.
        unsafe {
            let mut sums = [_mm256_setzero_si256(); TOGETHER];
            for ((((query, a), b), c), d) in query.iter().zip(a).zip(b).zip(c).zip(d) {
                for part in 0..LINE / 16 {
                    let query = _mm256_cvtepi8_epi16(quarter(query, part));
                    sums[0] = add_products(sums[0], quarter(a, part), query);
                    sums[1] = add_products(sums[1], quarter(b, part), query);
                    sums[2] = add_products(sums[2], quarter(c, part), query);
                    sums[3] = add_products(sums[3], quarter(d, part), query);
                }
            }
            let [a, b, c, d] = sums;
            halve(_mm256_hadd_epi32(_mm256_hadd_epi32(a, b), _mm256_hadd_epi32(c, d)))
        }
    }

    #[inline(always)]
    fn fetch<T>(self, line: &T) {
        fetch(line);
    }
}

/// # Safety
///
/// The CPU has AVX-512 F.
#[inline(always)]
unsafe fn load(line: &Line) -> __m512i {
    // SAFETY: a line is 64 bytes, aligned to 64.
    unsafe { _mm512_load_si512(std::ptr::from_ref(line).cast()) }
}

/// # Safety
///
/// `part` is below 4.
#[inline(always)]
unsafe fn quarter(line: &Line, part: usize) -> __m128i {
    // SAFETY: a line has four times 16 bytes and is aligned to 64.
    unsafe { _mm_load_si128(std::ptr::from_ref(line).cast::<__m128i>().add(part)) }
}

/// # Safety
///
/// The CPU has AVX2.
#[inline(always)]
unsafe fn add_products(sum: __m256i, row: __m128i, query: __m256i) -> __m256i {
    // SAFETY: the CPU has AVX2.
    unsafe { _mm256_add_epi32(sum, _mm256_madd_epi16(_mm256_cvtepu8_epi16(row), query)) }
}

/// Adds both halves.
///
/// # Safety
///
/// The CPU has AVX2.
#[inline(always)]
unsafe fn halve(sums: __m256i) -> [i32; TOGETHER] {
    let mut out = [0; TOGETHER];
    // SAFETY: the CPU has AVX2; `out` is 16 bytes.
    unsafe {
        let sums = _mm_add_epi32(_mm256_castsi256_si128(sums), _mm256_extracti128_si256::<1>(sums));
        _mm_storeu_si128(out.as_mut_ptr().cast(), sums);
    }
    out
}
