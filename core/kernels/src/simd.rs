//! What the product asks of an instruction set.

/// An instruction set that works on `LANES` weight rows side by side, one in each 32-bit lane.
///
/// A value of an implementing type is the proof that the CPU has the instructions, so that the methods are safe. They
/// must be inlined into a function with the `target_feature` attribute to be fast; so all are `#[inline(always)]`.
pub(crate) trait Simd: Copy {
    /// Rows that are worked on together.
    const LANES: usize;

    /// One 32-bit integer for each row, or four bytes for each.
    type Int: Copy;

    /// One f32 for each row.
    type Float: Copy;

    fn splat(self, value: u32) -> Self::Int;
    fn and(self, a: Self::Int, b: Self::Int) -> Self::Int;
    fn or(self, a: Self::Int, b: Self::Int) -> Self::Int;
    fn xor(self, a: Self::Int, b: Self::Int) -> Self::Int;
    fn shift_left(self, a: Self::Int, bits: u32) -> Self::Int;
    fn shift_right(self, a: Self::Int, bits: u32) -> Self::Int;
    /// Shifts copies of the sign bit in.
    fn shift_right_signed(self, a: Self::Int, bits: u32) -> Self::Int;

    /// Adds 16 to byte `i` of a lane of `quants` where bit `4 * word + i` of the same lane of `bits` is set.
    fn add_fifth_bits(self, quants: Self::Int, bits: Self::Int, word: usize) -> Self::Int;

    /// The 16 bytes at `at` of every row, as four words.
    ///
    /// # Safety
    ///
    /// `at + 16` is at most the length of a row.
    unsafe fn load(self, rows: &Rows<'_>, at: usize) -> [Self::Int; 4];

    /// Asks for `bytes` to be brought near, for they will be read soon.
    fn prefetch(self, bytes: &[u8]);

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

    /// `start` plus the dot products of unsigned `weights` of `bits` bits with the signed bytes `x`.
    ///
    /// `start` is minus the format's offset times the sum of `x`, so an implementation may as well leave it out and
    /// use signed weights.
    fn dot<const WORDS: usize>(
        self,
        weights: &[Self::Int; WORDS],
        x: &[u32; WORDS],
        start: i32,
        bits: u32,
    ) -> Self::Int;
}

/// Up to 16 consecutive weight rows.
#[derive(Debug)]
pub(crate) struct Rows<'a> {
    bytes: &'a [u8],
    /// Where each lane's row starts in `bytes`; lanes without a row repeat the last one. All rows end inside `bytes`.
    starts: [usize; 16],
    row_bytes: usize,
}

impl<'a> Rows<'a> {
    /// `bytes` are at least one whole row of `row_bytes`.
    pub(crate) fn new(bytes: &'a [u8], row_bytes: usize) -> Self {
        let count = bytes.len() / row_bytes;
        assert!(count > 0, "there is a row");
        let mut starts = [0; 16];
        for (lane, start) in starts.iter_mut().enumerate() {
            *start = lane.min(count - 1) * row_bytes;
        }
        Self { bytes, starts, row_bytes }
    }

    /// Where the bytes at `at` of the row of `lane` start.
    #[inline(always)]
    pub(crate) fn pointer(&self, lane: usize, at: usize) -> *const u8 {
        self.bytes.as_ptr().wrapping_add(self.starts[lane].wrapping_add(at))
    }

    /// How many blocks of `block_bytes` a row has.
    #[inline(always)]
    pub(crate) fn blocks(&self, block_bytes: usize) -> usize {
        self.row_bytes / block_bytes
    }

    /// Block `index` of all rows, if blocks have `BYTES` bytes.
    #[inline(always)]
    pub(crate) fn block<const BYTES: usize>(&self, index: usize) -> Blocks<'_, BYTES> {
        let at = index * BYTES;
        assert!(at + BYTES <= self.row_bytes, "the row has the block");
        Blocks { rows: self, at }
    }
}

/// The same block of every row.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Blocks<'a, const BYTES: usize> {
    rows: &'a Rows<'a>,
    at: usize,
}

impl<const BYTES: usize> Blocks<'_, BYTES> {
    /// The 16 bytes at `at` of every block, as four words.
    #[inline(always)]
    pub(crate) fn load<S: Simd>(self, simd: S, at: usize) -> [S::Int; 4] {
        assert!(at + 16 <= BYTES, "the bytes are in the block");
        // SAFETY: the row has the whole block, as `Rows::block` saw, and the block has the bytes.
        unsafe { simd.load(self.rows, self.at + at) }
    }
}
