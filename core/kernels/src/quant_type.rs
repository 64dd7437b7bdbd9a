//! The quantised formats and the errors about their shapes.

use std::fmt;

/// A weight format of ggml; the bytes of a block are exactly those of a GGUF file.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum QuantType {
    /// Blocks of 32: 4 bits and a scale.
    Q4_0,
    /// Blocks of 32: 4 bits, a scale and a minimum.
    Q4_1,
    /// Blocks of 32: 5 bits and a scale.
    Q5_0,
    /// Blocks of 32: 5 bits, a scale and a minimum.
    Q5_1,
    /// Blocks of 32: 8 bits and a scale.
    Q8_0,
    /// Blocks of 256: 2 bits, 4-bit scales and minima of 16.
    Q2K,
    /// Blocks of 256: 3 bits, 6-bit scales of 16.
    Q3K,
    /// Blocks of 256: 4 bits, 6-bit scales and minima of 32.
    Q4K,
    /// Blocks of 256: 5 bits, 6-bit scales and minima of 32.
    Q5K,
    /// Blocks of 256: 6 bits, 8-bit scales of 16.
    Q6K,
}

impl QuantType {
    /// All formats.
    pub const ALL: [Self; 10] = [
        Self::Q4_0,
        Self::Q4_1,
        Self::Q5_0,
        Self::Q5_1,
        Self::Q8_0,
        Self::Q2K,
        Self::Q3K,
        Self::Q4K,
        Self::Q5K,
        Self::Q6K,
    ];

    /// Values in a block: 32 or 256.
    pub const fn block_len(self) -> usize {
        match self {
            Self::Q4_0 | Self::Q4_1 | Self::Q5_0 | Self::Q5_1 | Self::Q8_0 => 32,
            Self::Q2K | Self::Q3K | Self::Q4K | Self::Q5K | Self::Q6K => 256,
        }
    }

    /// Bytes of a block.
    pub const fn block_bytes(self) -> usize {
        match self {
            Self::Q4_0 => 18,
            Self::Q4_1 => 20,
            Self::Q5_0 => 22,
            Self::Q5_1 => 24,
            Self::Q8_0 => 34,
            Self::Q2K => 84,
            Self::Q3K => 110,
            Self::Q4K => 144,
            Self::Q5K => 176,
            Self::Q6K => 210,
        }
    }

    /// Bytes of a row of `len` values, or `None` if `len` is no whole number of blocks.
    pub const fn row_bytes(self, len: usize) -> Option<usize> {
        if len.is_multiple_of(self.block_len()) {
            (len / self.block_len()).checked_mul(self.block_bytes())
        } else {
            None
        }
    }
}

/// A slice whose length does not fit the stated shape.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum ShapeError {
    /// A row is no whole number of blocks.
    Row {
        /// The format.
        kind: QuantType,
        /// Values in the row.
        len: usize,
    },
    /// A slice is too short or too long.
    Length {
        /// Which slice.
        name: &'static str,
        /// Its length.
        got: usize,
        /// The length that the shape asks for; `None` if that is more than a `usize` holds.
        expected: Option<usize>,
    },
}

impl fmt::Display for ShapeError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Row { kind, len } => {
                write!(f, "a row of `{kind:?}` has {len} values, expected a multiple of {}", kind.block_len())
            }
            Self::Length { name, got, expected: Some(expected) } => {
                write!(f, "`{name}` has length {got}, expected {expected}")
            }
            Self::Length { name, got, expected: None } => {
                write!(f, "`{name}` has length {got}, expected more than memory can hold")
            }
        }
    }
}

impl std::error::Error for ShapeError {}

impl ShapeError {
    pub(crate) fn check(name: &'static str, got: usize, expected: Option<usize>) -> Result<(), Self> {
        if expected == Some(got) { Ok(()) } else { Err(Self::Length { name, got, expected }) }
    }
}
