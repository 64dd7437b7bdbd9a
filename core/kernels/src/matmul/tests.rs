use proptest::prelude::*;

use super::{Factor, matmul, matmul_each, multiply_at};
use crate::block::dequantize_row;
use crate::cpu::Level;
use crate::packed::pack;
use crate::quant_type::QuantType;
use crate::testing::{Random, halves};

/// The three sizes of a product.
#[derive(Debug, Clone, Copy)]
struct Shape {
    n: usize,
    k: usize,
    m: usize,
}

fn packed(kind: QuantType, shape: Shape, weights: &[u8]) -> Vec<u8> {
    let mut packed = vec![0; kind.packed_bytes(shape.n, shape.k).unwrap()];
    pack(kind, weights, shape.n, shape.k, &mut packed).unwrap();
    packed
}

fn product(level: Level, kind: QuantType, shape: Shape, weights: &[u8], x: &[f32]) -> Vec<f32> {
    let weights = packed(kind, shape, weights);
    multiply(level, kind, shape, &weights, x)
}

/// The product with packed weights.
fn multiply(level: Level, kind: QuantType, shape: Shape, weights: &[u8], x: &[f32]) -> Vec<f32> {
    multiply_at(level, kind, weights, shape.n, shape.k, x)
}

fn bits(values: &[f32]) -> Vec<u32> {
    values.iter().map(|value| value.to_bits()).collect()
}

fn levels() -> impl Iterator<Item = Level> {
    [Level::Avx2, Level::Avx512Vnni, Level::Amx].into_iter().filter(|level| level.is_available())
}

/// Any format, `n`, `m`, and `k` as a number of blocks; sizes on both sides of every kernel's tiles.
fn shapes() -> impl Strategy<Value = (QuantType, Shape)> {
    let kinds = prop::sample::select(QuantType::ALL.to_vec());
    (kinds, 1_usize..40, 1_usize..40, prop_oneof![1_usize..6, 30_usize..40]).prop_map(
        |(kind, n, blocks, m)| {
            let blocks = if kind.block_len() == 256 { blocks.div_ceil(5) } else { blocks };
            (kind, Shape { n, k: blocks * kind.block_len(), m })
        },
    )
}

proptest! {
    #[test]
    fn every_instruction_set_gives_the_bits_of_portable_code(
        (kind, shape) in shapes(),
        seed in any::<u64>(),
        misaligned in 0_usize..64,
    ) {
        let mut random = Random::new(seed);
        let weights = random.blocks(kind, shape.n * shape.k / kind.block_len());
        let x = random.activations(shape.m * shape.k);
        let expected = product(Level::Scalar, kind, shape, &weights, &x);

        let mut moved = vec![0; misaligned];
        moved.extend(packed(kind, shape, &weights));
        for level in levels() {
            let got = multiply(level, kind, shape, &moved[misaligned..], &x);
            prop_assert_eq!(bits(&got), bits(&expected), "{:?} {:?} {:?}", level, kind, shape);
        }
    }

    #[test]
    fn a_row_is_the_same_alone_and_in_a_batch((kind, shape) in shapes(), seed in any::<u64>()) {
        let mut random = Random::new(seed);
        let weights = random.blocks(kind, shape.n * shape.k / kind.block_len());
        let x = random.activations(shape.m * shape.k);
        for level in levels().chain([Level::Scalar]) {
            let batch = product(level, kind, shape, &weights, &x);

            for (x, row) in x.chunks(shape.k).zip(batch.chunks(shape.n)) {
                let alone = product(level, kind, Shape { m: 1, ..shape }, &weights, x);
                prop_assert_eq!(bits(&alone), bits(row));
            }
        }
    }

    #[test]
    fn products_of_small_integers_are_those_of_the_dequantized_weights(
        (kind, shape) in shapes(),
        seed in any::<u64>(),
    ) {
        let mut random = Random::new(seed);
        let weights = random.blocks(kind, shape.n * shape.k / kind.block_len());
        // Integers up to 127, which every block reaches: quantising them loses nothing.
        let mut x: Vec<f32> = (0..shape.m * shape.k).map(|_| (random.float() * 127.0).round()).collect();
        for group in x.chunks_mut(kind.layout().group) {
            group[0] = 127.0;
        }
        let mut dense = vec![0.0; shape.n * shape.k];
        dequantize_row(kind, &weights, &mut dense).unwrap();

        let got = product(Level::Scalar, kind, shape, &weights, &x);

        for (x, row) in x.chunks(shape.k).zip(got.chunks(shape.n)) {
            for (weights, got) in dense.chunks(shape.k).zip(row) {
                let terms = || x.iter().zip(weights).map(|(x, w)| f64::from(*x) * f64::from(*w));
                let (exact, size) = (terms().sum::<f64>(), terms().map(f64::abs).sum::<f64>());
                prop_assert!((f64::from(*got) - exact).abs() <= 1e-5 * size.max(1.0), "{} {}", got, exact);
            }
        }
    }
}

#[test]
fn a_product_on_several_threads_is_that_of_its_parts() {
    let mut random = Random::new(5);
    for kind in QuantType::ALL {
        let shape = Shape { n: 301, k: 1024, m: 133 };
        let weights = random.blocks(kind, shape.n * shape.k / kind.block_len());
        let x = random.floats(shape.m * shape.k);
        let mut whole = vec![0.0; shape.n * shape.m];

        let band_rows = packed(kind, shape, &weights);
        matmul(kind, &band_rows, shape.n, shape.k, &x, shape.m, &mut whole).unwrap();

        let row_bytes = weights.len() / shape.n;
        for column in [0, 15, 16, 47, 300] {
            let weights = &weights[column * row_bytes..(column + 1) * row_bytes];
            let part = product(Level::Scalar, kind, Shape { n: 1, ..shape }, weights, &x);
            let column: Vec<f32> = whole.iter().skip(column).step_by(shape.n).copied().collect();
            assert_eq!(bits(&part), bits(&column), "{kind:?}");
        }
    }
}

#[test]
fn several_products_at_once_are_those_of_each() {
    let mut random = Random::new(7);
    let (k, m) = (512, 5);
    let x = random.floats(m * k);
    let sizes = [(QuantType::Q5_0, 96), (QuantType::Q8_0, 17), (QuantType::Q5_0, 1), (QuantType::Q6K, 400)];
    let weights = sizes.map(|(kind, n)| {
        let rows = random.blocks(kind, n * k / kind.block_len());
        packed(kind, Shape { n, k, m }, &rows)
    });
    let mut outs = sizes.map(|(_, n)| vec![f32::NAN; m * n]);

    let factors = sizes.iter().zip(&weights).zip(&mut outs);
    let mut factors: Vec<Factor<'_>> =
        factors.map(|((&(kind, n), weights), out)| Factor { kind, weights, n, out }).collect();
    matmul_each(&x, m, k, &mut factors).unwrap();

    for (((kind, n), weights), out) in sizes.into_iter().zip(&weights).zip(&outs) {
        let mut alone = vec![0.0; m * n];
        matmul(kind, weights, n, k, &x, m, &mut alone).unwrap();
        assert_eq!(bits(out), bits(&alone), "{kind:?}");
    }
}

#[test]
fn extreme_weights_overflow_no_integer() {
    let shape = Shape { n: 16, k: 256, m: 1 };
    for kind in QuantType::ALL {
        for byte in [0x00, 0x7f, 0x80, 0xff] {
            let mut weights = vec![byte; shape.n * shape.k / kind.block_len() * kind.block_bytes()];
            for block in weights.chunks_exact_mut(kind.block_bytes()) {
                for at in halves(kind) {
                    block[*at..at + 2].copy_from_slice(&[0x00, 0x3c]);
                }
            }
            let outlier = std::array::from_fn(|i| if i / 16 == 3 { 126.6 } else { 1.0 });
            for x in [[127.0; 256], [-127.0; 256], outlier] {
                let expected = product(Level::Scalar, kind, shape, &weights, &x);
                for level in levels() {
                    let got = product(level, kind, shape, &weights, &x);
                    assert_eq!(bits(&got), bits(&expected), "{level:?} {kind:?} {byte}");
                }
            }
        }
    }
}

#[test]
fn a_row_that_is_not_finite_gives_nan_in_its_own_row_only() {
    let mut random = Random::new(6);
    for kind in QuantType::ALL {
        let shape = Shape { n: 3, k: 512, m: 2 };
        let weights = random.blocks(kind, shape.n * shape.k / kind.block_len());
        let mut x = random.floats(shape.m * shape.k);
        x[7] = f32::INFINITY;
        for level in levels().chain([Level::Scalar]) {
            let out = product(level, kind, shape, &weights, &x);

            assert!(out[..3].iter().all(|value| value.is_nan()), "{kind:?} {level:?}");
            assert!(out[3..].iter().all(|value| value.is_finite()), "{kind:?} {level:?}");
        }
    }
}

#[test]
fn empty_shapes_are_fine_and_wrong_ones_are_refused() {
    assert_eq!(matmul(QuantType::Q4_0, &[], 0, 32, &[0.0; 32], 1, &mut []), Ok(()));
    assert_eq!(matmul(QuantType::Q4_0, &[0; 288], 1, 32, &[], 0, &mut []), Ok(()));
    let mut out = [1.0];
    assert_eq!(matmul(QuantType::Q4_0, &[], 1, 0, &[], 1, &mut out), Ok(()));
    assert_eq!(bits(&out), bits(&[0.0]));

    let message = |result: Result<(), crate::ShapeError>| result.unwrap_err().to_string();
    let mut out = [0.0; 2];
    assert_eq!(
        message(matmul(QuantType::Q6K, &[], 2, 33, &[], 1, &mut out)),
        "a row of `Q6K` has 33 values, expected a multiple of 256"
    );
    assert_eq!(
        message(matmul(QuantType::Q4_0, &[0; 36], 2, 32, &[0.0; 32], 1, &mut out)),
        "`weights` has length 36, expected 288"
    );
    assert_eq!(
        message(matmul(QuantType::Q4_0, &[0; 288], 2, 32, &[0.0; 31], 1, &mut out)),
        "`x` has length 31, expected 32"
    );
    assert_eq!(
        message(matmul(QuantType::Q4_0, &[0; 288], 2, 32, &[0.0; 32], 1, &mut out[..1])),
        "`out` has length 1, expected 2"
    );
    assert_eq!(
        message(matmul(QuantType::Q4_0, &[], usize::MAX, 32, &[0.0; 32], 1, &mut out)),
        "`weights` has length 0, expected more than memory can hold"
    );
}
