use proptest::prelude::*;

use super::{Activation, FixedMatrix};
use crate::cpu::Level;
use crate::testing::Random;
use crate::vector::gelu_erf;

const LEVELS: [Level; 3] = [Level::Scalar, Level::Avx2, Level::Avx512Vnni];

fn product(matrix: &FixedMatrix, level: Level, x: &[f32], activation: Activation) -> Vec<f32> {
    let m = x.len() / matrix.k();
    let mut out = vec![f32::NAN; m * matrix.n()];
    matrix.multiply_at(level, x, m, activation, &mut out).unwrap();
    out
}

proptest! {
    #[test]
    fn it_is_close_to_exact_arithmetic_and_a_row_does_not_depend_on_the_others(
        n in 1_usize..100,
        k in 1_usize..300,
        m in 1_usize..40,
        seed in any::<u64>(),
    ) {
        let mut random = Random::new(seed);
        let (weights, bias, x) = (random.floats(n * k), random.floats(n), random.floats(m * k));
        let matrix = FixedMatrix::quantize(&weights, &bias, k).unwrap();

        let out = product(&matrix, Level::Scalar, &x, Activation::Identity);

        // Each factor is wrong by half a step of at most 1 / 4095; k such errors have random signs.
        let limit = 8.0 * (k as f64).sqrt() / 4095.0;
        for (x, out) in x.chunks_exact(k).zip(out.chunks_exact(n)) {
            for ((weights, bias), out) in weights.chunks_exact(k).zip(&bias).zip(out) {
                let exact: f64 = weights.iter().zip(x).map(|(a, b)| f64::from(*a) * f64::from(*b)).sum();
                let exact = exact + f64::from(*bias);
                prop_assert!((f64::from(*out) - exact).abs() < limit, "{out} {exact}");
            }
            prop_assert_eq!(product(&matrix, Level::Scalar, x, Activation::Identity), out);
        }
    }

    #[test]
    fn every_instruction_set_gives_the_same_bits(
        n in 1_usize..100,
        k in 1_usize..400,
        m in 1_usize..40,
        seed in any::<u64>(),
    ) {
        let mut random = Random::new(seed);
        let matrix = FixedMatrix::quantize(&random.floats(n * k), &random.floats(n), k).unwrap();
        let x = random.activations(m * k);
        for activation in [Activation::Identity, Activation::Gelu] {
            let expected = product(&matrix, Level::Scalar, &x, activation);
            for level in LEVELS.into_iter().filter(|level| level.is_available()) {
                prop_assert_eq!(&product(&matrix, level, &x, activation), &expected, "{:?}", level);
            }
        }
    }
}

#[test]
fn the_largest_sums_fit() {
    let matrix = FixedMatrix::quantize(&[-7.0; 256], &[0.0; 2], 128).unwrap();
    for level in LEVELS.into_iter().filter(|level| level.is_available()) {
        let out = product(&matrix, level, &[3.0; 128], Activation::Identity);

        assert!(out.iter().all(|out| (out + 21.0 * 128.0).abs() < 1e-3), "{level:?}: {out:?}");
    }
}

#[test]
fn a_large_product_is_the_same_on_several_threads() {
    let (n, k, m) = (300, 400, 300);
    let mut random = Random::new(3);
    let matrix = FixedMatrix::quantize(&random.floats(n * k), &random.floats(n), k).unwrap();
    let x = random.floats(m * k);
    let (mut out, mut alone) = (vec![0.0; m * n], vec![0.0; n]);

    matrix.multiply(&x, m, Activation::Gelu, &mut out).unwrap();

    for (x, out) in x.chunks_exact(k).zip(out.chunks_exact(n)) {
        matrix.multiply(x, 1, Activation::Gelu, &mut alone).unwrap();
        assert_eq!(alone, out);
    }
}

#[test]
fn the_activation_is_that_of_the_vector_function() {
    let mut random = Random::new(9);
    let matrix = FixedMatrix::quantize(&random.floats(40 * 50), &random.floats(40), 50).unwrap();
    let x = random.floats(50);
    let mut expected = product(&matrix, Level::Scalar, &x, Activation::Identity);
    gelu_erf(&mut expected);

    let out = product(&matrix, Level::Scalar, &x, Activation::Gelu);

    assert_eq!(out, expected);
}

#[test]
fn rows_that_are_not_finite_give_nan_and_zeros_give_the_bias() {
    let matrix = FixedMatrix::quantize(&[1.0; 3 * 200], &[1.0, 2.0, 3.0], 200).unwrap();
    let mut x = vec![0.0; 3 * 200];
    x[150] = f32::INFINITY;
    x[200 + 3] = f32::NAN;
    for level in LEVELS.into_iter().filter(|level| level.is_available()) {
        let out = product(&matrix, level, &x, Activation::Identity);

        assert!(out[..6].iter().all(|out| out.is_nan()), "{level:?}: {out:?}");
        assert_eq!(out[6..], [1.0, 2.0, 3.0]);
    }
}

#[test]
fn slices_of_the_wrong_length_are_refused() {
    assert!(FixedMatrix::quantize(&[1.0; 5], &[0.0; 2], 3).is_err());
    let matrix = FixedMatrix::quantize(&[1.0; 6], &[0.0; 2], 3).unwrap();
    assert!(matrix.multiply(&[1.0; 4], 1, Activation::Identity, &mut [0.0; 2]).is_err());
    assert!(matrix.multiply(&[1.0; 3], 1, Activation::Identity, &mut [0.0; 3]).is_err());
    assert!(matrix.multiply(&[], 0, Activation::Identity, &mut []).is_ok());
    let nothing = FixedMatrix::quantize(&[], &[4.0], 0).unwrap();
    let mut out = [0.0; 2];
    nothing.multiply(&[], 2, Activation::Identity, &mut out).unwrap();
    assert_eq!(out[..], [4.0, 4.0]);
}
