use half::f16;

use crate::halves::to_floats;
use crate::panel::{LANES, Lanes};

/// Tokens of a page. The softmax is rescaled after each, so they are part of the result.
pub const PAGE: usize = 64;

/// The keys and values of one head for [`PAGE`] consecutive tokens.
///
/// Keys lie in tiles of 16 tokens, `[PAGE / 16][dimension][16]`, so that 16 scores are computed at once; values are
/// `[PAGE][dimension]`.
#[derive(Debug, Clone, Copy)]
pub enum KvPage<'a> {
    /// Single precision.
    F32 {
        /// The keys.
        keys: &'a [f32],
        /// The values.
        values: &'a [f32],
    },
    /// Half precision.
    F16 {
        /// The keys.
        keys: &'a [f16],
        /// The values.
        values: &'a [f16],
    },
    /// 8 bits, and a scale for each token's key and each token's value.
    Q8 {
        /// The keys.
        keys: &'a [i8],
        /// The values.
        values: &'a [i8],
        /// `[PAGE]`: what each token's key is multiplied with.
        key_scales: &'a [f32],
        /// `[PAGE]`: what each token's value is multiplied with.
        value_scales: &'a [f32],
    },
}

/// Keys and values, 16 by 16.
pub(super) type Halves<'a> = (&'a [[f16; LANES]], &'a [[f16; LANES]]);

/// Refuses pages of other shapes.
#[inline(always)]
fn check(dimension: usize, keys: usize, values: usize) {
    assert!(dimension > 0 && dimension.is_multiple_of(LANES), "`dimension` is a multiple of 16");
    let length = PAGE * dimension;
    assert!(keys == length && values == length, "a page has `PAGE` tokens of `dimension` values");
}

/// Room for a page in single precision.
#[derive(Debug, Default)]
pub(super) struct Scratch {
    keys: Vec<f32>,
    values: Vec<f32>,
}

impl<'a> KvPage<'a> {
    /// Tiles of keys and rows of values, if they are halves.
    #[inline(always)]
    pub(super) fn halves(&self, dimension: usize) -> Option<Halves<'a>> {
        let Self::F16 { keys, values } = *self else { return None };
        check(dimension, keys.len(), values.len());
        Some((keys.as_chunks().0, values.as_chunks().0))
    }

    /// Tiles of keys and rows of values in single precision.
    #[inline(always)]
    pub(super) fn load<'s: 'o, 'o>(
        &self,
        dimension: usize,
        scratch: &'s mut Scratch,
    ) -> (&'o [Lanes], &'o [Lanes])
    where
        'a: 'o,
    {
        let length = PAGE * dimension;
        let (keys, values) = match *self {
            Self::F32 { keys, values } => {
                check(dimension, keys.len(), values.len());
                (keys, values)
            }
            Self::F16 { keys, values } => {
                check(dimension, keys.len(), values.len());
                let (key_room, value_room) = scratch.resized(length);
                to_floats(keys, key_room);
                to_floats(values, value_room);
                (&*key_room, &*value_room)
            }
            Self::Q8 { keys, values, key_scales, value_scales } => {
                check(dimension, keys.len(), values.len());
                assert!(
                    key_scales.len() == PAGE && value_scales.len() == PAGE,
                    "a page has a scale for each token"
                );
                let (key_room, value_room) = scratch.resized(length);
                scale_tiles(keys, key_scales, dimension, key_room);
                scale_rows(values, value_scales, dimension, value_room);
                (&*key_room, &*value_room)
            }
        };
        (keys.as_chunks().0, values.as_chunks().0)
    }
}

impl Scratch {
    fn resized(&mut self, length: usize) -> (&mut [f32], &mut [f32]) {
        self.keys.resize(length, 0.0);
        self.values.resize(length, 0.0);
        (&mut self.keys, &mut self.values)
    }
}

#[inline(always)]
fn scale_tiles(keys: &[i8], scales: &[f32], dimension: usize, out: &mut [f32]) {
    let tiles = keys.chunks_exact(dimension * LANES).zip(out.chunks_exact_mut(dimension * LANES));
    for ((keys, out), scales) in tiles.zip(scales.as_chunks::<LANES>().0) {
        for (keys, out) in keys.as_chunks::<LANES>().0.iter().zip(out.as_chunks_mut::<LANES>().0) {
            for lane in 0..LANES {
                out[lane] = f32::from(keys[lane]) * scales[lane];
            }
        }
    }
}

#[inline(always)]
fn scale_rows(values: &[i8], scales: &[f32], dimension: usize, out: &mut [f32]) {
    let rows = values.chunks_exact(dimension).zip(out.chunks_exact_mut(dimension));
    for ((values, out), scale) in rows.zip(scales) {
        for (value, out) in values.iter().zip(out) {
            *out = f32::from(*value) * scale;
        }
    }
}
