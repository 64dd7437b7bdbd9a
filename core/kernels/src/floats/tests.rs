use half::{bf16, f16};
use proptest::prelude::*;

use super::{FloatFactor, FloatType, matmul_floats, matmul_floats_at};
use crate::cpu::Level;
use crate::testing::Random;

const KINDS: [FloatType; 3] = [FloatType::F32, FloatType::F16, FloatType::Bf16];

/// The bytes of `values` and what they stand for.
fn stored(kind: FloatType, values: &[f32]) -> (Vec<u8>, Vec<f32>) {
    let (mut bytes, mut stand_for) = (Vec::new(), Vec::new());
    for value in values {
        match kind {
            FloatType::F32 => {
                bytes.extend(value.to_le_bytes());
                stand_for.push(*value);
            }
            FloatType::F16 => {
                bytes.extend(f16::from_f32(*value).to_le_bytes());
                stand_for.push(f16::from_f32(*value).to_f32());
            }
            FloatType::Bf16 => {
                bytes.extend(bf16::from_f32(*value).to_le_bytes());
                stand_for.push(bf16::from_f32(*value).to_f32());
            }
        }
    }
    (bytes, stand_for)
}

fn product(level: Level, kind: FloatType, weights: &[u8], n: usize, x: &[f32], m: usize) -> Vec<f32> {
    let mut out = vec![f32::NAN; m * n];
    let mut factors = [FloatFactor { kind, weights, n, out: &mut out }];
    matmul_floats_at(level, x, m, x.len() / m, &mut factors).unwrap();
    out
}

proptest! {
    #[test]
    fn every_level_gives_the_bits_of_the_portable_code_near_to_exact_arithmetic(
        n in 1_usize..40,
        k in prop_oneof![1_usize..70, 500_usize..540, 1000_usize..1100],
        m in 1_usize..20,
        seed in any::<u64>(),
    ) {
        let mut random = Random::new(seed);
        let x = random.floats(m * k);
        for kind in KINDS {
            let (bytes, weights) = stored(kind, &random.floats(n * k));
            let scalar = product(Level::Scalar, kind, &bytes, n, &x, m);

            for level in [Level::Avx2, Level::Avx512Vnni] {
                if level.is_available() {
                    prop_assert_eq!(&product(level, kind, &bytes, n, &x, m), &scalar, "{:?} {:?}", level, kind);
                }
            }
            for (x, out) in x.chunks_exact(k).zip(scalar.chunks_exact(n)) {
                for (weights, out) in weights.chunks_exact(k).zip(out) {
                    let exact: f64 = weights.iter().zip(x).map(|(a, b)| f64::from(*a) * f64::from(*b)).sum();
                    prop_assert!((f64::from(*out) - exact).abs() < 1e-4, "{kind:?} {out} {exact}");
                }
            }
        }
    }

    #[test]
    fn a_row_does_not_depend_on_the_others_nor_a_product_on_its_threads_and_alignment(
        n in 1_usize..300,
        k in 1_usize..600,
        m in 1_usize..12,
        shift in 0_usize..4,
        seed in any::<u64>(),
    ) {
        let mut random = Random::new(seed);
        let x = random.floats(m * k);
        for kind in KINDS {
            let mut bytes = vec![0; shift];
            bytes.extend(stored(kind, &random.floats(n * k)).0);
            let mut out = vec![f32::NAN; m * n];
            let mut again = vec![f32::NAN; m * n];

            let mut factors = [&mut out, &mut again]
                .map(|out| FloatFactor { kind, weights: &bytes[shift..], n, out });
            matmul_floats(&x, m, k, &mut factors).unwrap();

            prop_assert_eq!(&out, &again);
            for (x, out) in x.chunks_exact(k).zip(out.chunks_exact(n)) {
                let alone = product(crate::cpu::active(), kind, &bytes[shift..], n, x, 1);
                prop_assert_eq!(&alone, out);
            }
        }
    }
}

#[test]
fn every_half_has_its_value() {
    for kind in [FloatType::F16, FloatType::Bf16] {
        let bytes: Vec<u8> = (0..=u16::MAX).flat_map(u16::to_le_bytes).collect();
        let out = product(crate::cpu::active(), kind, &bytes, 1 << 16, &[1.0], 1);

        for (bits, found) in (0..=u16::MAX).zip(out) {
            let expected = match kind {
                FloatType::F16 => f16::from_bits(bits).to_f32(),
                _ => bf16::from_bits(bits).to_f32(),
            };
            assert!(
                found.total_cmp(&(expected + 0.0)).is_eq() || found.is_nan() && expected.is_nan(),
                "{bits:04x} {found} {expected}"
            );
        }
    }
}

#[test]
fn empty_products_are_zero_and_wrong_lengths_are_refused() {
    let mut out = [1.0; 2];
    let mut product = |weights: &[u8], x: &[f32], m, k| {
        let factor = FloatFactor { kind: FloatType::F16, weights, n: 2, out: &mut out };
        matmul_floats(x, m, k, &mut [factor])
    };

    assert!(product(&[0; 8], &[1.0; 3], 1, 2).is_err());
    assert!(product(&[0; 7], &[1.0; 2], 1, 2).is_err());
    assert!(product(&[0; 8], &[1.0; 4], 2, 2).is_err());
    product(&[], &[], 1, 0).unwrap();
    assert_eq!(out.map(f32::to_bits), [0; 2]);
}
