use half::f16;

use super::{Chunk, portable, quantize};
use crate::quant_type::QuantType;
use crate::testing::Random;

fn quantized(kind: QuantType, x: &[f32]) -> (Chunk, Vec<i32>) {
    let mut chunk = Chunk::ZERO;
    chunk.quantize(kind, x);
    let quants = chunk.signed(0..x.len() / 4).map(i32::from).collect();
    (chunk, quants)
}

#[test]
fn halves_round_to_even() {
    let mut x = [0.0; 32];
    x[..6].copy_from_slice(&[127.0, 0.5, 1.5, 2.5, -0.5, -2.5]);

    let (chunk, quants) = quantized(QuantType::Q8_0, &x);

    assert_eq!(quants[..6], [127, 0, 2, 2, 0, -2]);
    assert!((chunk.scales[0] - 1.0).abs() < f32::EPSILON);
    assert_eq!(chunk.starts[0], -128 * 129);
}

#[test]
fn blocks_of_32_have_the_scales_and_sums_that_ggml_stores_as_f16() {
    let mut random = Random::new(3);
    let x = random.floats(64);

    let (chunk, quants) = quantized(QuantType::Q4_1, &x);

    for (group, (x, quants)) in x.chunks(32).zip(quants.chunks(32)).enumerate() {
        let scale = x.iter().fold(0.0_f32, |largest, x| largest.max(x.abs())) / 127.0;
        let sum = scale * quants.iter().sum::<i32>() as f32;
        assert_eq!(chunk.scales[group].to_bits(), f16::from_f32(scale).to_f32().to_bits());
        assert_eq!(chunk.sums[group].to_bits(), f16::from_f32(sum).to_f32().to_bits());
    }
}

#[test]
fn quants_are_within_half_a_step() {
    let mut random = Random::new(4);
    let x = random.floats(256);
    for kind in QuantType::ALL {
        let (chunk, quants) = quantized(kind, &x);

        for (i, (x, quant)) in x.iter().zip(quants).enumerate() {
            let scale = chunk.scales[i / kind.layout().group];
            assert!(quant.abs() <= 127);
            assert!((quant as f32 * scale - x).abs() <= scale * 0.57, "{kind:?} {i}: {x} {quant} {scale}");
        }
    }
}

#[test]
fn every_instruction_set_rounds_alike() {
    let mut random = Random::new(8);
    let x = random.floats(512);
    for kind in QuantType::ALL {
        let mut got = vec![Chunk::ZERO; 2];
        let mut expected = got.clone();

        quantize(kind, &x, 256, 0, &mut got);
        portable(kind, &x, 256, 0, &mut expected);

        assert_eq!(got, expected, "{kind:?}");
    }
}

#[test]
fn zeros_and_tiny_values_give_zero_and_what_is_not_finite_gives_nan() {
    for kind in [QuantType::Q4_0, QuantType::Q5_1, QuantType::Q4K] {
        let mut x = [0.0; 256];
        x[5] = 1e-40;
        let (chunk, quants) = quantized(kind, &x);
        assert!(quants.iter().all(|quant| *quant == 0));
        assert!(chunk.scales[0].abs() < f32::MIN_POSITIVE);

        for bad in [f32::NAN, f32::INFINITY, f32::NEG_INFINITY] {
            x[5] = bad;
            let (chunk, quants) = quantized(kind, &x);
            assert!(quants.iter().all(|quant| *quant == 0));
            assert!(chunk.scales[0].is_nan() && chunk.sums[0].is_nan());
        }
    }
}
