//! Weights in the order in which the products read them.
//!
//! 16 rows make a band. A band has the same blocks and as many bytes as its rows have in a GGUF file, but word by word:
//! the first four bytes of the first block of every row, the next four of every row, and so on to the last block. If a
//! block has two bytes that are no part of such a word, they follow at the end of the band, block by block. The last
//! band is filled up with zeros.

use crate::block::Block;
use crate::quant_type::{QuantType, ShapeError};
use crate::team;

#[cfg(test)]
mod tests;

/// Rows of a band.
pub(crate) const BAND: usize = 16;

/// Bytes that a thread packs at once.
const TOGETHER: usize = 1 << 16;

impl QuantType {
    /// Where a block has the half-precision scale that is no part of a word.
    const fn odd_half(self) -> Option<usize> {
        match self {
            Self::Q4_0 | Self::Q5_0 | Self::Q8_0 => Some(0),
            Self::Q6K => Some(208),
            Self::Q3K => Some(108),
            Self::Q4_1 | Self::Q5_1 | Self::Q2K | Self::Q4K | Self::Q5K => None,
        }
    }

    /// The words of a block.
    pub(crate) const fn words(self) -> usize {
        self.block_bytes() / 4
    }

    /// Bytes of `rows` packed rows of `len` values, or `None` if `len` is no whole number of blocks.
    pub const fn packed_bytes(self, rows: usize, len: usize) -> Option<usize> {
        match (self.row_bytes(len), rows.checked_next_multiple_of(BAND)) {
            (Some(bytes), Some(rows)) => bytes.checked_mul(rows),
            _ => None,
        }
    }
}

/// Packs `n` rows of `k` weights, which are blocks as in a GGUF file. Runs on several threads, see [`for_each`](crate::for_each).
///
/// # Errors
///
/// [`ShapeError`] if `k` is no whole number of blocks, or a slice doesn't have the length of the shape: `out` has
/// [`QuantType::packed_bytes`].
pub fn pack(kind: QuantType, weights: &[u8], n: usize, k: usize, out: &mut [u8]) -> Result<(), ShapeError> {
    let row_bytes = kind.row_bytes(k).ok_or(ShapeError::Row { kind, len: k })?;
    ShapeError::check("weights", weights.len(), n.checked_mul(row_bytes))?;
    ShapeError::check("out", out.len(), kind.packed_bytes(n, k))?;
    if !weights.is_empty() {
        let band = BAND * row_bytes;
        let together = (TOGETHER / band).max(1) * band;
        let tasks = out.chunks_mut(together).zip(weights.chunks(together)).collect();
        team::for_each(tasks, |(out, weights): (&mut [u8], &[u8])| {
            let bands = out.chunks_exact_mut(band).zip(weights.chunks(band));
            bands.for_each(|(band, rows)| pack_band(kind, rows, row_bytes, band));
        });
    }
    Ok(())
}

fn pack_band(kind: QuantType, rows: &[u8], row_bytes: usize, out: &mut [u8]) {
    let blocks = row_bytes / kind.block_bytes();
    let (words, halves) = out.split_at_mut(blocks * kind.words() * 4 * BAND);
    if rows.len() < BAND * row_bytes {
        words.fill(0);
        halves.fill(0);
    }
    let half_at = kind.odd_half();
    let (words, halves) = (words.as_chunks_mut::<4>().0, halves.as_chunks_mut::<2>().0);
    for (lane, row) in rows.chunks_exact(row_bytes).enumerate() {
        for (index, block) in row.chunks_exact(kind.block_bytes()).enumerate() {
            let (before, after) = match half_at {
                Some(at) => {
                    halves[index * BAND + lane].copy_from_slice(&block[at..at + 2]);
                    (&block[..at], &block[at + 2..])
                }
                None => (block, &[][..]),
            };
            let places = words[index * kind.words() * BAND + lane..].iter_mut().step_by(BAND);
            for (place, word) in places.zip(before.as_chunks().0.iter().chain(after.as_chunks().0)) {
                *place = *word;
            }
        }
    }
}

/// 16 packed rows.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Band<'a> {
    /// The same word of each row.
    pub(crate) words: &'a [[u8; 4 * BAND]],
    /// The odd half of each row's block; nothing if blocks have none.
    pub(crate) halves: &'a [[u8; 2 * BAND]],
}

impl<'a> Band<'a> {
    /// `bytes` are one band of rows of `row_bytes`.
    pub(crate) fn new(kind: QuantType, bytes: &'a [u8], row_bytes: usize) -> Self {
        debug_assert_eq!(bytes.len(), BAND * row_bytes, "these are 16 rows");
        let blocks = row_bytes / kind.block_bytes();
        let (words, halves) = bytes.split_at(blocks * kind.words() * 4 * BAND);
        Self { words: words.as_chunks().0, halves: halves.as_chunks().0 }
    }

    /// Writes block `index` of the row `lane` to `out`, as in a GGUF file.
    fn unpack(&self, kind: QuantType, lane: usize, index: usize, out: &mut [u8]) {
        let words =
            self.words[index * kind.words()..(index + 1) * kind.words()].iter().map(|word| &word[4 * lane..]);
        let mut places = out;
        let mut after = &mut [][..];
        if let Some(at) = kind.odd_half() {
            places[at..at + 2].copy_from_slice(&self.halves[index][2 * lane..2 * lane + 2]);
            let (before, rest) = places.split_at_mut(at);
            (places, after) = (before, &mut rest[2..]);
        }
        let places = places.as_chunks_mut::<4>().0.iter_mut().chain(after.as_chunks_mut::<4>().0);
        places.zip(words).for_each(|(place, word)| place.copy_from_slice(&word[..4]));
    }

    /// Decodes block `index` of the row `lane`.
    pub(crate) fn decode(&self, kind: QuantType, lane: usize, index: usize, block: &mut Block) {
        let mut bytes = [0; 210];
        let bytes = &mut bytes[..kind.block_bytes()];
        self.unpack(kind, lane, index, bytes);
        block.decode(kind, bytes);
    }
}

/// Writes the values of row `row` of packed weights to `out`, which is as long as a row, bit for bit as ggml does.
///
/// # Errors
///
/// [`ShapeError`] if `out` is no whole number of blocks, or `packed` is no whole number of bands or lacks the row.
pub fn dequantize_packed_row(
    kind: QuantType,
    packed: &[u8],
    row: usize,
    out: &mut [f32],
) -> Result<(), ShapeError> {
    let row_bytes = kind.row_bytes(out.len()).ok_or(ShapeError::Row { kind, len: out.len() })?;
    let band_bytes = BAND * row_bytes;
    let band = packed.chunks_exact(band_bytes.max(1)).nth(row / BAND);
    let Some(band) = band.filter(|_| packed.len().is_multiple_of(band_bytes)) else {
        let expected = (row / BAND + 1).checked_mul(band_bytes);
        return Err(ShapeError::Length { name: "packed", got: packed.len(), expected });
    };
    let band = Band::new(kind, band, row_bytes);
    let mut block = Block::ZERO;
    for (index, out) in out.chunks_exact_mut(kind.block_len()).enumerate() {
        band.decode(kind, row % BAND, index, &mut block);
        block.values(kind, out);
    }
    Ok(())
}
