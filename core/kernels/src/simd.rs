//! What the product asks of an instruction set.

use std::arch::x86_64::{_MM_HINT_T0, _mm_prefetch};

use crate::packed::{BAND, Band};
use crate::panel::Lanes;

/// How far ahead weights, keys and values are fetched: about what is read while a line comes from memory.
const AHEAD: usize = 4096;

/// Asks for what will be read soon after `bytes`.
#[inline(always)]
pub(crate) fn prefetch(bytes: *const u8) {
    // SAFETY: prefetching reads nothing, wherever it points to, and every x86-64 CPU has it.
    unsafe { _mm_prefetch::<_MM_HINT_T0>(bytes.wrapping_add(AHEAD).cast()) }
}

/// Asks for the line of the cache in which `value` begins.
#[inline(always)]
pub(crate) fn fetch<T: ?Sized>(value: &T) {
    // SAFETY: prefetching reads nothing, and every x86-64 CPU has it.
    unsafe { _mm_prefetch::<_MM_HINT_T0>(std::ptr::from_ref(value).cast()) }
}

/// An instruction set that works on `LANES` weight rows side by side, one in each 32-bit lane.
///
/// A value of an implementing type is the proof that the CPU has the instructions, so that the methods are safe. They
/// must be inlined into a function with the `target_feature` attribute to be fast; so all are `#[inline(always)]`.
pub(crate) trait Simd: Copy {
    /// Rows that are worked on together: a band, or half of one.
    const LANES: usize;

    /// One 32-bit integer for each row, or four bytes for each.
    type Int: Copy;

    /// One f32 for each row.
    type Float: Copy;

    fn splat(self, value: u32) -> Self::Int;
    fn add_int(self, a: Self::Int, b: Self::Int) -> Self::Int;
    fn and(self, a: Self::Int, b: Self::Int) -> Self::Int;
    fn or(self, a: Self::Int, b: Self::Int) -> Self::Int;
    fn xor(self, a: Self::Int, b: Self::Int) -> Self::Int;
    fn shift_left(self, a: Self::Int, bits: u32) -> Self::Int;
    fn shift_right(self, a: Self::Int, bits: u32) -> Self::Int;
    /// Shifts copies of the sign bit in.
    fn shift_right_signed(self, a: Self::Int, bits: u32) -> Self::Int;

    /// Adds 16 to byte `i` of a lane of `quants` where bit `4 * word + i` of the same lane of `bits` is set.
    fn add_fifth_bits(self, quants: Self::Int, bits: Self::Int, word: usize) -> Self::Int;

    /// The words of the rows of part `part` of a band.
    fn load(self, words: &[u8; 4 * BAND], part: usize) -> Self::Int;

    /// The f16 of the rows of part `part` of a band.
    fn load_halves(self, halves: &[u8; 2 * BAND], part: usize) -> Self::Float;

    /// The pairs of part `part` of 16 rows, two integers of 16 bits in each lane.
    fn load_pairs(self, pairs: &[i16; 2 * BAND], part: usize) -> Self::Int;

    /// The numbers of part `part` of 16 rows.
    fn load_floats(self, floats: &Lanes, part: usize) -> Self::Float;

    /// Adds the products of two pairs of integers of 16 bits, and the sum of both to `sum`, lane by lane.
    fn add_pairs(self, sum: Self::Int, a: Self::Int, b: Self::Int) -> Self::Int;

    fn splat_float(self, value: f32) -> Self::Float;
    fn float(self, a: Self::Int) -> Self::Float;
    /// The f16 in the lower half of each lane.
    fn half(self, a: Self::Int) -> Self::Float;
    fn add(self, a: Self::Float, b: Self::Float) -> Self::Float;
    fn mul(self, a: Self::Float, b: Self::Float) -> Self::Float;
    /// `a * b + c`, rounded once.
    fn fma(self, a: Self::Float, b: Self::Float, c: Self::Float) -> Self::Float;
    /// Writes the lanes to the start of `out`.
    fn store(self, a: Self::Float, out: &mut [f32; 16]);

    /// For each activation row and band, the row's `start` plus the dot products of unsigned `weights` of `bits` bits with
    /// the row's signed bytes `x`.
    ///
    /// `start` is minus the format's offset times the sum of `x`, so an implementation may as well leave it out and
    /// use signed weights.
    fn dot<const WORDS: usize, const BANDS: usize, const ROWS: usize>(
        self,
        weights: [&[Self::Int; WORDS]; BANDS],
        x: [&[u32; WORDS]; ROWS],
        starts: [i32; ROWS],
        bits: u32,
    ) -> [[Self::Int; BANDS]; ROWS];
}

/// The same block, of `WORDS` words, of the rows of one part of a band.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Blocks<'a, const WORDS: usize> {
    words: &'a [[u8; 4 * BAND]; WORDS],
    halves: Option<&'a [u8; 2 * BAND]>,
    part: usize,
}

impl<'a, const WORDS: usize> Blocks<'a, WORDS> {
    /// Block `index` of part `part` of a band.
    #[inline(always)]
    pub(crate) fn new(band: &Band<'a>, part: usize, index: usize) -> Self {
        Self { words: &band.words.as_chunks().0[index], halves: band.halves.get(index), part }
    }

    /// Word `word` of every row.
    #[inline(always)]
    pub(crate) fn word<S: Simd>(self, simd: S, word: usize) -> S::Int {
        simd.load(&self.words[word], self.part)
    }

    /// Four words from `word` on.
    #[inline(always)]
    pub(crate) fn load<S: Simd>(self, simd: S, word: usize) -> [S::Int; 4] {
        [
            self.word(simd, word),
            self.word(simd, word + 1),
            self.word(simd, word + 2),
            self.word(simd, word + 3),
        ]
    }

    /// The odd half of every row.
    #[inline(always)]
    pub(crate) fn half<S: Simd>(self, simd: S) -> S::Float {
        simd.load_halves(self.halves.expect("the format has an odd half"), self.part)
    }
}
