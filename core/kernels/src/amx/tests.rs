use std::arch::x86_64::{__m512, __m512i};

use proptest::prelude::*;

use super::{has_instructions, is_permitted, is_usable};
use crate::activations::{Activations, Chunk, Part};
use crate::avx512::Avx512;
use crate::cpu::Level;
use crate::kernel::Tile;
use crate::matmul::{Product, multiply_at};
use crate::packed::pack;
use crate::quant_type::QuantType;
use crate::square::{self, SIDE, SquareDot, SquareProduct};
use crate::testing::Random;

/// What the manual says of `tileloadd`, `tdpbsud` and `tilestored`, on the bytes that [`super::Amx`] points them to.
#[derive(Debug, Clone, Copy)]
struct Emulated;

impl SquareDot<Avx512> for Emulated {
    fn dot<const WORDS: usize>(
        self,
        weights: &[__m512i; WORDS],
        x: &[Chunk; SIDE],
        part: Part,
        group: usize,
        dots: &mut [__m512i; SIDE],
    ) {
        let chunks: *const u8 = x.as_ptr().cast();
        let weights: *const u8 = weights.as_ptr().cast();
        let first = part.offset() + 4 * WORDS * group;
        let mut sums = [[0_i32; SIDE]; SIDE];
        for (row, sums) in sums.iter_mut().enumerate() {
            for (column, sum) in sums.iter_mut().enumerate() {
                for byte in 0..4 * WORDS {
                    // SAFETY: the byte is in the group's words of one of the 16 chunks.
                    let x = unsafe { *chunks.add(row * size_of::<Chunk>() + first + byte) };
                    // SAFETY: the byte is in one of the `WORDS` vectors of 64 bytes.
                    let weight = unsafe { *weights.add(64 * (byte / 4) + 4 * column + byte % 4) };
                    *sum += i32::from(x as i8) * i32::from(weight);
                }
            }
        }
        // SAFETY: 16 integers are a vector.
        *dots = unsafe { std::mem::transmute::<[[i32; SIDE]; SIDE], [__m512i; SIDE]>(sums) };
    }
}

impl SquareProduct<Avx512> for (Emulated, QuantType) {
    fn multiply(&self, tile: &Tile<Avx512>, groups: usize, x: &[Chunk; SIDE], sums: &mut [__m512; SIDE]) {
        let layout = self.1.layout();
        let multiply = match (layout.group, layout.minimum) {
            (32, true) => square::multiply::<_, _, 8, true>,
            (32, false) => square::multiply::<_, _, 8, false>,
            (_, true) => square::multiply::<_, _, 4, true>,
            (_, false) => square::multiply::<_, _, 4, false>,
        };
        let simd = Avx512::new().expect("there is a tile of it");
        multiply((simd, self.0), tile, groups, x, sums);
    }
}

proptest! {
    #[test]
    fn products_by_tiles_have_the_bits_of_portable_code(
        kind in prop::sample::select(QuantType::ALL.to_vec()),
        (n, m, chunks) in (1_usize..70, 1_usize..50, 1_usize..4),
        seed in any::<u64>(),
    ) {
        let Some(simd) = Avx512::new() else { return Ok(()) };
        let mut random = Random::new(seed);
        let k = chunks * kind.block_len();
        let blocks = random.blocks(kind, n * chunks);
        let mut weights = vec![0; kind.packed_bytes(n, k).unwrap()];
        pack(kind, &blocks, n, k, &mut weights).unwrap();
        let x = random.activations(m * k);
        let expected = multiply_at(Level::Scalar, kind, &weights, n, k, &x);

        let activations = Activations::new(kind, &x, k, true);
        let row_bytes = kind.row_bytes(k).unwrap();
        let product = Product { kind, weights: &weights, row_bytes, x: &activations };
        let mut out = vec![f32::NAN; m * n];
        let mut rows: Vec<&mut [f32]> = out.chunks_mut(n).collect();
        simd.columns(Some(&(Emulated, kind)), &product, 0..n, &mut rows);

        let bits = |values: &[f32]| values.iter().map(|value| value.to_bits()).collect::<Vec<u32>>();
        prop_assert_eq!(bits(&out), bits(&expected), "{:?} n={} m={} k={}", kind, n, m, k);
    }
}

#[test]
fn tiles_are_used_where_the_machine_has_them() {
    let has_them = Avx512::new().is_some() && has_instructions() && is_permitted();

    assert_eq!(is_usable(), has_them);
}
