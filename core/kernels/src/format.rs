//! Unpacking of the formats for many rows at once, on any instruction set.
//!
//! The meaning is that of `block.rs`. A word is four bytes of every row; so bytes are handled as they lie in the block,
//! in all rows together.

use crate::packed::Band;
use crate::quant_type::QuantType;
use crate::simd::{Blocks, Simd};

const LOW_NIBBLES: u32 = 0x0f0f_0f0f;

/// A format, with `WORDS` words of four quants in a group.
pub(crate) trait Format<const WORDS: usize> {
    const KIND: QuantType;
    /// Bits of the unpacked quants.
    const BITS: u32;
    const LEN: usize = Self::KIND.block_len();
    const MINIMUM: bool = Self::KIND.layout().minimum;

    /// Unpacks block `index` of every row of a part of a band: `LEN / 4` words of quants, and what each group needs.
    fn unpack<S: Simd>(
        simd: S,
        band: &Band<'_>,
        part: usize,
        index: usize,
        quants: &mut [S::Int],
        scales: &mut [S::Float],
        minima: &mut [S::Float],
    );
}

/// Defines a format whose `unpack` is given as a closure-like body.
macro_rules! format {
    ($name:ident, $words:literal, $bytes:literal, $bits:literal,
     |$simd:ident, $block:ident, $quants:ident, $scales:ident, $minima:ident| $body:block) => {
        pub(crate) enum $name {}

        impl Format<$words> for $name {
            const KIND: QuantType = QuantType::$name;
            const BITS: u32 = $bits;

            #[inline(always)]
            fn unpack<S: Simd>(
                $simd: S,
                band: &Band<'_>,
                part: usize,
                index: usize,
                $quants: &mut [S::Int],
                $scales: &mut [S::Float],
                $minima: &mut [S::Float],
            ) {
                const { assert!($bytes == QuantType::$name.block_bytes()) }
                let $block = Blocks::<{ $bytes / 4 }>::new(band, part, index);
                $body
            }
        }
    };
}

/// Calls a function whose first generic arguments are a format and its words, for the format of a `QuantType`.
macro_rules! with_format {
    ($kind:expr, $run:ident($($arg:expr),*)) => {
        match $kind {
            $crate::QuantType::Q4_0 => $run::<$crate::format::Q4_0, 8>($($arg),*),
            $crate::QuantType::Q4_1 => $run::<$crate::format::Q4_1, 8>($($arg),*),
            $crate::QuantType::Q5_0 => $run::<$crate::format::Q5_0, 8>($($arg),*),
            $crate::QuantType::Q5_1 => $run::<$crate::format::Q5_1, 8>($($arg),*),
            $crate::QuantType::Q8_0 => $run::<$crate::format::Q8_0, 8>($($arg),*),
            $crate::QuantType::Q2K => $run::<$crate::format::Q2K, 4>($($arg),*),
            $crate::QuantType::Q3K => $run::<$crate::format::Q3K, 4>($($arg),*),
            $crate::QuantType::Q4K => $run::<$crate::format::Q4K, 8>($($arg),*),
            $crate::QuantType::Q5K => $run::<$crate::format::Q5K, 8>($($arg),*),
            $crate::QuantType::Q6K => $run::<$crate::format::Q6K, 4>($($arg),*),
        }
    };
}
pub(crate) use with_format;

format!(Q4_0, 8, 18, 4, |simd, block, quants, scales, _minima| {
    scales[0] = block.half(simd);
    nibbles(simd, block.load(simd, 0), quants, 0, 4);
});

format!(Q4_1, 8, 20, 4, |simd, block, quants, scales, minima| {
    let head = block.word(simd, 0);
    scales[0] = simd.half(head);
    minima[0] = simd.half(simd.shift_right(head, 16));
    nibbles(simd, block.load(simd, 1), quants, 0, 4);
});

format!(Q5_0, 8, 22, 5, |simd, block, quants, scales, _minima| {
    scales[0] = block.half(simd);
    nibbles(simd, block.load(simd, 1), quants, 0, 4);
    fifth_bits(simd, block.word(simd, 0), quants);
});

format!(Q5_1, 8, 24, 5, |simd, block, quants, scales, minima| {
    let head = block.word(simd, 0);
    scales[0] = simd.half(head);
    minima[0] = simd.half(simd.shift_right(head, 16));
    nibbles(simd, block.load(simd, 2), quants, 0, 4);
    fifth_bits(simd, block.word(simd, 1), quants);
});

format!(Q8_0, 8, 34, 8, |simd, block, quants, scales, _minima| {
    scales[0] = block.half(simd);
    let sign = simd.splat(0x8080_8080);
    for half in 0..2 {
        let words = block.load(simd, 4 * half);
        for word in 0..4 {
            // Bytes are signed; turning the sign bit adds 128.
            quants[4 * half + word] = simd.xor(words[word], sign);
        }
    }
});

format!(Q2K, 4, 84, 2, |simd, block, quants, scales, minima| {
    let head = block.word(simd, 20);
    let (scale, minimum) = (simd.half(head), negative(simd, simd.half(simd.shift_right(head, 16))));
    let packed = block.load(simd, 0);
    for group in 0..16 {
        let byte = byte(simd, packed[group / 4], group % 4);
        scales[group] = simd.mul(scale, simd.float(simd.and(byte, simd.splat(15))));
        minima[group] = simd.mul(minimum, simd.float(simd.shift_right(byte, 4)));
    }
    for part in 0..4 {
        let words = block.load(simd, 4 + 4 * part);
        for shift in 0..4 {
            for word in 0..4 {
                quants[two_bit_word(part, shift, word)] =
                    bits(simd, words[word], 2 * shift as u32, 0x0303_0303);
            }
        }
    }
});

format!(Q3K, 4, 110, 3, |simd, block, quants, scales, _minima| {
    let scale = block.half(simd);
    let low = [block.word(simd, 24), block.word(simd, 25)];
    let high = block.word(simd, 26);
    for quarter in 0..4 {
        let low = bits(simd, low[quarter % 2], 4 * (quarter as u32 / 2), LOW_NIBBLES);
        let high = simd.shift_left(bits(simd, high, 2 * quarter as u32, 0x0303_0303), 4);
        let packed = simd.or(low, high);
        for index in 0..4 {
            let value = simd.float(byte(simd, packed, index));
            scales[4 * quarter + index] = simd.mul(scale, simd.add(value, simd.splat_float(-32.0)));
        }
    }
    for half in 0..2 {
        let high = block.load(simd, 4 * half);
        for part in [half, half + 2] {
            let words = block.load(simd, 8 + 4 * part);
            for shift in 0..4 {
                for word in 0..4 {
                    let low = bits(simd, words[word], 2 * shift as u32, 0x0303_0303);
                    let high = bits(simd, high[word], (4 * (part / 2) + shift) as u32, 0x0101_0101);
                    quants[two_bit_word(part, shift, word)] = simd.or(low, simd.shift_left(high, 2));
                }
            }
        }
    }
});

format!(Q4K, 8, 144, 4, |simd, block, quants, scales, minima| {
    six_bit_scales(simd, block.load(simd, 0), scales, minima);
    for pair in 0..4 {
        for half in 0..2 {
            let first = 16 * pair + 4 * half;
            nibbles(simd, block.load(simd, 4 + 8 * pair + 4 * half), quants, first, first + 8);
        }
    }
});

format!(Q5K, 8, 176, 5, |simd, block, quants, scales, minima| {
    six_bit_scales(simd, block.load(simd, 0), scales, minima);
    for half in 0..2 {
        let high = block.load(simd, 4 + 4 * half);
        for pair in 0..4 {
            let first = 16 * pair + 4 * half;
            nibbles(simd, block.load(simd, 12 + 8 * pair + 4 * half), quants, first, first + 8);
            for word in 0..4 {
                for (group, at) in [(2 * pair, first + word), (2 * pair + 1, first + word + 8)] {
                    let high = simd.shift_left(bits(simd, high[word], group as u32, 0x0101_0101), 4);
                    quants[at] = simd.or(quants[at], high);
                }
            }
        }
    }
});

format!(Q6K, 4, 210, 6, |simd, block, quants, scales, _minima| {
    let scale = block.half(simd);
    let packed = block.load(simd, 48);
    for group in 0..16 {
        let top = simd.shift_left(packed[group / 4], 24 - 8 * (group as u32 % 4));
        scales[group] = simd.mul(scale, simd.float(simd.shift_right_signed(top, 24)));
    }
    for part in 0..2 {
        for half in 0..2 {
            let first = 32 * part + 4 * half;
            nibbles(simd, block.load(simd, 16 * part + 4 * half), quants, first, first + 16);
            nibbles(simd, block.load(simd, 16 * part + 8 + 4 * half), quants, first + 8, first + 24);
            let high = block.load(simd, 32 + 8 * part + 4 * half);
            for quarter in 0..4 {
                for word in 0..4 {
                    let high = simd.shift_left(bits(simd, high[word], 2 * quarter as u32, 0x0303_0303), 4);
                    let at = first + 8 * quarter + word;
                    quants[at] = simd.or(quants[at], high);
                }
            }
        }
    }
});

/// Where word `word` of quarter `part` (16 bytes) of two-bit quants goes when shifted by `2 * shift`.
#[inline(always)]
fn two_bit_word(part: usize, shift: usize, word: usize) -> usize {
    32 * (part / 2) + 8 * shift + 4 * (part % 2) + word
}

/// `mask` of `words >> shift`; the shift crosses bytes, so `mask` must leave out what comes from the neighbour.
#[inline(always)]
fn bits<S: Simd>(simd: S, words: S::Int, shift: u32, mask: u32) -> S::Int {
    simd.and(simd.shift_right(words, shift), simd.splat(mask))
}

/// Byte `index` of each word.
#[inline(always)]
fn byte<S: Simd>(simd: S, words: S::Int, index: usize) -> S::Int {
    bits(simd, words, 8 * index as u32, 255)
}

#[inline(always)]
fn negative<S: Simd>(simd: S, value: S::Float) -> S::Float {
    simd.mul(value, simd.splat_float(-1.0))
}

/// Low nibbles to `quants[low..]`, high nibbles to `quants[high..]`.
#[inline(always)]
fn nibbles<S: Simd>(simd: S, words: [S::Int; 4], quants: &mut [S::Int], low: usize, high: usize) {
    for word in 0..4 {
        quants[low + word] = bits(simd, words[word], 0, LOW_NIBBLES);
        quants[high + word] = bits(simd, words[word], 4, LOW_NIBBLES);
    }
}

#[inline(always)]
fn fifth_bits<S: Simd>(simd: S, bits: S::Int, quants: &mut [S::Int]) {
    for (word, quants) in quants[..8].iter_mut().enumerate() {
        *quants = simd.add_fifth_bits(*quants, bits, word);
    }
}

/// The head of `Q4K` and `Q5K`: scale, scale of the minima, eight pairs of 6 bits.
#[inline(always)]
fn six_bit_scales<S: Simd>(simd: S, head: [S::Int; 4], scales: &mut [S::Float], minima: &mut [S::Float]) {
    const SIX_BITS: u32 = 0x3f3f_3f3f;
    let [halves, a, b, c] = head;
    let (scale, minimum) = (simd.half(halves), negative(simd, simd.half(simd.shift_right(halves, 16))));
    let upper = [bits(simd, a, 2, 0x3030_3030), bits(simd, b, 2, 0x3030_3030)];
    let packed_scales = [bits(simd, a, 0, SIX_BITS), simd.or(bits(simd, c, 0, LOW_NIBBLES), upper[0])];
    let packed_minima = [bits(simd, b, 0, SIX_BITS), simd.or(bits(simd, c, 4, LOW_NIBBLES), upper[1])];
    for group in 0..8 {
        let (word, index) = (group / 4, group % 4);
        scales[group] = simd.mul(scale, simd.float(byte(simd, packed_scales[word], index)));
        minima[group] = simd.mul(minimum, simd.float(byte(simd, packed_minima[word], index)));
    }
}
