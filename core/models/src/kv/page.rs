use std::borrow::Cow;
use std::ops::Range;
use std::sync::Arc;

use half::f16;
use half::slice::HalfFloatSliceExt;
use rushlight_kernels::{KvPage, LANES, PAGE};

use super::pool::{KvPool, KvType};
use crate::Result;

/// The keys and values of [`PAGE`] consecutive tokens in all layers.
#[derive(Debug)]
pub(super) struct Page {
    pool: Arc<KvPool>,
    storage: Storage,
}

/// For each layer and head the keys, then the values, in the layout of [`KvPage`].
#[derive(Debug, Clone)]
enum Storage {
    F32(Vec<f32>),
    F16(Vec<f16>),
    Q8 {
        quants: Vec<i8>,
        /// For each layer and head those of the keys, then those of the values.
        scales: Vec<f32>,
    },
    /// Somewhere else, under this number.
    Elsewhere(usize),
}

impl Page {
    /// A page of zeros, which the pool has counted; if it lies elsewhere, it may hold what another one held.
    pub(super) fn new(pool: Arc<KvPool>) -> Result<Self> {
        if let Some(pages) = &pool.elsewhere {
            let number = pages.take().inspect_err(|_| pool.give_back())?;
            return Ok(Self { pool, storage: Storage::Elsewhere(number) });
        }
        let length = pool.layers * pool.heads * 2 * PAGE * pool.stride();
        let storage = match pool.kind {
            KvType::F32 => Storage::F32(vec![0.0; length]),
            KvType::F16 => Storage::F16(vec![f16::ZERO; length]),
            KvType::Q8 => Storage::Q8 { quants: vec![0; length], scales: vec![0.0; length / pool.stride()] },
        };
        Ok(Self { pool, storage })
    }

    /// Takes over what another page of the pool holds.
    pub(super) fn copy_from(&mut self, other: &Self) -> Result<()> {
        match (&self.pool.elsewhere, self.number(), other.number()) {
            (Some(pages), Some(to), Some(from)) => pages.copy(from, to)?,
            _ => self.storage.clone_from(&other.storage),
        }
        Ok(())
    }

    /// The page's number, if it lies elsewhere.
    pub(super) fn number(&self) -> Option<usize> {
        if let Storage::Elsewhere(number) = self.storage { Some(number) } else { None }
    }

    /// Reads consecutive tokens of one layer from the place `first` on; both slices are `[tokens][heads × dimension]`.
    pub(super) fn read(&self, layer: usize, first: usize, keys: &mut [f32], values: &mut [f32]) {
        let KvPool { heads, dimension, .. } = *self.pool;
        let stride = self.pool.stride();
        for head in 0..heads {
            let page = self.head(layer, head);
            let key_rows = keys.chunks_exact_mut(dimension).skip(head).step_by(heads);
            let value_rows = values.chunks_exact_mut(dimension).skip(head).step_by(heads);
            for ((token, key), value) in (first..).zip(key_rows).zip(value_rows) {
                let in_tile = |depth: usize| (token / LANES * stride + depth) * LANES + token % LANES;
                let in_row = |depth: usize| token * stride + depth;
                for (depth, (key, value)) in key.iter_mut().zip(value).enumerate() {
                    (*key, *value) = match &page {
                        KvPage::F32 { keys, values } => (keys[in_tile(depth)], values[in_row(depth)]),
                        KvPage::F16 { keys, values } => {
                            (keys[in_tile(depth)].to_f32(), values[in_row(depth)].to_f32())
                        }
                        KvPage::Q8 { keys, values, key_scales, value_scales } => (
                            f32::from(keys[in_tile(depth)]) * key_scales[token],
                            f32::from(values[in_row(depth)]) * value_scales[token],
                        ),
                    };
                }
            }
        }
    }

    /// Appends its numbers to `bytes`, little-endian, with zeros for the tokens from `length` on.
    pub(super) fn write_bytes(&self, length: usize, bytes: &mut Vec<u8>) {
        let mut storage = Cow::Borrowed(&self.storage);
        if length < PAGE {
            self.clear(length, storage.to_mut());
        }
        match &*storage {
            Storage::F32(all) => bytes.extend(all.iter().flat_map(|value| value.to_le_bytes())),
            Storage::F16(all) => bytes.extend(all.iter().flat_map(|value| value.to_le_bytes())),
            Storage::Q8 { quants, scales } => {
                bytes.extend(quants.iter().map(|quant| quant.cast_unsigned()));
                bytes.extend(scales.iter().flat_map(|scale| scale.to_le_bytes()));
            }
            Storage::Elsewhere(_) => unreachable!("a model on a device refuses this"),
        }
    }

    /// Takes over numbers that [`write_bytes`](Self::write_bytes) gave.
    pub(super) fn read_bytes(&mut self, bytes: &[u8]) {
        match &mut self.storage {
            Storage::F32(all) => fill(all, bytes, f32::from_le_bytes),
            Storage::F16(all) => fill(all, bytes, f16::from_le_bytes),
            Storage::Q8 { quants, scales } => {
                let (first, second) = bytes.split_at(quants.len());
                fill(quants, first, i8::from_le_bytes);
                fill(scales, second, f32::from_le_bytes);
            }
            Storage::Elsewhere(_) => unreachable!("a model on a device refuses this"),
        }
    }

    /// Writes zeros for the tokens from `first` on.
    fn clear(&self, first: usize, storage: &mut Storage) {
        let stride = self.pool.stride();
        for layer in 0..self.pool.layers {
            for head in 0..self.pool.heads {
                let (keys, values) = self.ranges(layer, head, stride);
                match storage {
                    Storage::F32(all) => clear(all, keys, values, stride, first),
                    Storage::F16(all) => clear(all, keys, values, stride, first),
                    Storage::Q8 { quants, scales } => {
                        clear(quants, keys, values, stride, first);
                        let (keys, values) = self.ranges(layer, head, 1);
                        scales[keys][first..].fill(0.0);
                        scales[values][first..].fill(0.0);
                    }
                    Storage::Elsewhere(_) => unreachable!("a model on a device refuses this"),
                }
            }
        }
    }

    /// The keys and values of one head.
    pub(super) fn head(&self, layer: usize, head: usize) -> KvPage<'_> {
        let (keys, values) = self.ranges(layer, head, self.pool.stride());
        match &self.storage {
            Storage::F32(all) => KvPage::F32 { keys: &all[keys], values: &all[values] },
            Storage::F16(all) => KvPage::F16 { keys: &all[keys], values: &all[values] },
            Storage::Q8 { quants, scales } => {
                let (key_scales, value_scales) = self.ranges(layer, head, 1);
                KvPage::Q8 {
                    keys: &quants[keys],
                    values: &quants[values],
                    key_scales: &scales[key_scales],
                    value_scales: &scales[value_scales],
                }
            }
            Storage::Elsewhere(_) => unreachable!("who keeps the pages elsewhere attends there"),
        }
    }

    /// Writes consecutive tokens from the place `first` on; both slices are `[tokens][heads × dimension]`.
    pub(super) fn write(&mut self, layer: usize, first: usize, keys: &[f32], values: &[f32]) {
        let KvPool { heads, dimension, .. } = *self.pool;
        let stride = self.pool.stride();
        let rows = |rows: &[f32]| rows.len() / (heads * dimension);
        debug_assert!(first + rows(keys) <= PAGE && keys.len() == values.len());
        let mut halves = vec![f16::ZERO; dimension];
        for head in 0..heads {
            let (key_range, value_range) = self.ranges(layer, head, stride);
            let (key_scales, value_scales) = self.ranges(layer, head, 1);
            let key_rows = keys.chunks_exact(dimension).skip(head).step_by(heads);
            let value_rows = values.chunks_exact(dimension).skip(head).step_by(heads);
            for ((token, key), value) in (first..).zip(key_rows).zip(value_rows) {
                match &mut self.storage {
                    Storage::F32(all) => {
                        place_key(&mut all[key_range.clone()], token, stride, key);
                        place_value(&mut all[value_range.clone()], token, stride, value);
                    }
                    Storage::F16(all) => {
                        halves.convert_from_f32_slice(key);
                        place_key(&mut all[key_range.clone()], token, stride, &halves);
                        halves.convert_from_f32_slice(value);
                        place_value(&mut all[value_range.clone()], token, stride, &halves);
                    }
                    Storage::Q8 { quants, scales } => {
                        let (bytes, scale) = quantise(key);
                        place_key(&mut quants[key_range.clone()], token, stride, &bytes);
                        scales[key_scales.start + token] = scale;
                        let (bytes, scale) = quantise(value);
                        place_value(&mut quants[value_range.clone()], token, stride, &bytes);
                        scales[value_scales.start + token] = scale;
                    }
                    Storage::Elsewhere(_) => unreachable!("who keeps the pages elsewhere writes there"),
                }
            }
        }
    }

    /// Where the keys and the values of a head lie, if each has `width` numbers.
    fn ranges(&self, layer: usize, head: usize, width: usize) -> (Range<usize>, Range<usize>) {
        let length = PAGE * width;
        let start = (layer * self.pool.heads + head) * 2 * length;
        (start..start + length, start + length..start + 2 * length)
    }
}

impl Drop for Page {
    fn drop(&mut self) {
        if let (Some(pages), Some(number)) = (&self.pool.elsewhere, self.number()) {
            pages.give_back(number);
        }
        self.pool.give_back();
    }
}

/// Writes a key into its lane of its tile.
fn place_key<T: Copy>(tiles: &mut [T], token: usize, stride: usize, key: &[T]) {
    let tile = &mut tiles[token / LANES * stride * LANES..];
    for (lanes, key) in tile.chunks_exact_mut(LANES).zip(key) {
        lanes[token % LANES] = *key;
    }
}

/// Writes zeros for the tokens of a head from `first` on.
fn clear<T: Copy + Default>(
    all: &mut [T],
    keys: Range<usize>,
    values: Range<usize>,
    stride: usize,
    first: usize,
) {
    let zeros = vec![T::default(); stride];
    for token in first..PAGE {
        place_key(&mut all[keys.clone()], token, stride, &zeros);
        place_value(&mut all[values.clone()], token, stride, &zeros);
    }
}

fn fill<T, const SIZE: usize>(all: &mut [T], bytes: &[u8], from: impl Fn([u8; SIZE]) -> T) {
    for (value, bytes) in all.iter_mut().zip(bytes.as_chunks().0) {
        *value = from(*bytes);
    }
}

fn place_value<T: Copy>(rows: &mut [T], token: usize, stride: usize, value: &[T]) {
    rows[token * stride..][..value.len()].copy_from_slice(value);
}

/// Signed bytes and what they are multiplied with; a value that is not finite makes the scale so.
fn quantise(values: &[f32]) -> (Vec<i8>, f32) {
    let largest = values.iter().fold(0.0, |largest: f32, value| {
        if value.is_nan() || largest.is_nan() { f32::NAN } else { largest.max(value.abs()) }
    });
    let scale = largest / 127.0;
    if !scale.is_normal() {
        return (vec![0; values.len()], if scale.is_finite() { 0.0 } else { scale });
    }
    (values.iter().map(|value| (value / scale).round() as i8).collect(), scale)
}

#[cfg(test)]
mod tests {
    use super::quantise;

    #[test]
    fn quantised_values_are_within_half_a_step() {
        let values = [0.0, 1.0, -2.5, 0.013, 2.5];

        let (bytes, scale) = quantise(&values);

        assert_eq!(bytes, [0, 51, -127, 1, 127]);
        for (byte, value) in bytes.iter().zip(values) {
            assert!((f32::from(*byte) * scale - value).abs() <= 0.5 * scale, "{byte} {value}");
        }
    }

    #[test]
    fn what_is_not_finite_is_not_hidden() {
        assert!(quantise(&[1.0, f32::NAN, 2.0]).1.is_nan());
        assert!(quantise(&[1.0, f32::INFINITY]).1.is_infinite());
        assert_eq!(quantise(&[0.0, 0.0]), (vec![0, 0], 0.0));
    }
}
