use super::{CHUNK, Chunk, portable, quantize};
use crate::quant_type::QuantType;
use crate::testing::Random;

fn quantized(kind: QuantType, x: &[f32], limit: f32) -> Chunk {
    let mut chunk = Chunk::ZERO;
    chunk.quantize(kind, x, limit);
    chunk
}

fn signed(words: &[u32]) -> Vec<i32> {
    words.iter().flat_map(|word| word.to_le_bytes()).map(|byte| i32::from(byte as i8)).collect()
}

/// The integers that the scale multiplies, rests included.
fn integers(kind: QuantType, chunk: &Chunk) -> Vec<i32> {
    let both = signed(&chunk.quants).into_iter().zip(signed(&chunk.rests)).enumerate();
    let integer = |(i, (quant, rest))| {
        if chunk.has_rests(i / kind.layout().group) { 256 * quant + rest } else { quant }
    };
    both.map(integer).collect()
}

#[test]
fn halves_round_to_even() {
    let mut x = [0.0; 32];
    x[..6].copy_from_slice(&[127.0, 0.5, 1.5, 2.5, -0.5, -2.5]);

    let chunk = quantized(QuantType::Q8_0, &x, f32::INFINITY);

    assert_eq!(signed(&chunk.quants)[..6], [127, 0, 2, 2, 0, -2]);
    assert!((chunk.scales[0] - 1.0).abs() < f32::EPSILON);
    assert_eq!(chunk.starts[0], -128 * 129);
}

#[test]
fn values_are_within_half_a_step_and_sums_are_those_of_the_quantised_values() {
    let mut random = Random::new(4);
    let x = random.floats(CHUNK);
    for kind in QuantType::ALL {
        let group = kind.layout().group;
        for limit in [f32::INFINITY, 0.97, 0.0] {
            let chunk = quantized(kind, &x, limit);

            let integers = integers(kind, &chunk);
            for (i, (x, integer)) in x.iter().zip(&integers).enumerate() {
                let (scale, rests) = (chunk.scales[i / group], chunk.has_rests(i / group));
                // A rest of 128 does not fit.
                let steps = if rests { 1.01 } else { 0.51 };
                assert!((*integer as f32 * scale - x).abs() <= scale * steps, "{kind:?} {limit} {i}: {x}");
            }
            for (index, integers) in integers.chunks(group).enumerate() {
                let sum = chunk.scales[index] * integers.iter().sum::<i32>() as f32;
                assert_eq!(chunk.sums[index].to_bits(), sum.to_bits(), "{kind:?} {limit}");
            }
        }
    }
}

#[test]
fn groups_far_above_their_row_have_rests() {
    let mut x = Random::new(2).floats(2 * CHUNK);
    x[40] = 30.0;
    let (mut first, mut second) = ([Chunk::ZERO], [Chunk::ZERO]);

    portable(QuantType::Q4_0, &x, 2 * CHUNK, &mut [&mut first, &mut second]);

    let with_rests: Vec<usize> = (0..8).filter(|group| first[0].has_rests(*group)).collect();
    assert_eq!(with_rests, [1]);
    assert!((0..8).all(|group| !second[0].has_rests(group)));
    assert!(signed(&first[0].rests)[32..64].iter().any(|rest| *rest != 0));
}

#[test]
fn every_instruction_set_rounds_alike() {
    let mut random = Random::new(8);
    let mut x = random.floats(512);
    x[300] = 100.0;
    for kind in QuantType::ALL {
        let mut got = vec![Chunk::ZERO; 2];
        let mut expected = got.clone();

        quantize(kind, &x, 256, &mut [&mut got]);
        portable(kind, &x, 256, &mut [&mut expected]);

        assert_eq!(got, expected, "{kind:?}");
        assert!(got[1].has_rests(44 / kind.layout().group), "{kind:?}");
    }
}

#[test]
fn zeros_and_tiny_values_give_zero_and_what_is_not_finite_gives_nan() {
    for kind in [QuantType::Q4_0, QuantType::Q5_1, QuantType::Q4K] {
        let mut x = [0.0; CHUNK];
        x[5] = 1e-40;
        let chunk = quantized(kind, &x, 0.0);
        assert_eq!(chunk, Chunk::ZERO);

        for bad in [f32::NAN, f32::INFINITY, f32::NEG_INFINITY] {
            x[5] = bad;
            let chunk = quantized(kind, &x, 0.0);
            assert_eq!(chunk.quants, Chunk::ZERO.quants);
            assert!(chunk.scales[0].is_nan() && chunk.sums[0].is_nan());
        }
    }
}
