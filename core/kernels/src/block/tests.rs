use half::f16;

use super::dequantize_row;
use crate::quant_type::{QuantType, ShapeError};
use crate::testing::Random;

fn half(bytes: &[u8], at: usize) -> f32 {
    f16::from_le_bytes([bytes[at], bytes[at + 1]]).to_f32()
}

fn bit(bytes: &[u8], index: usize) -> u8 {
    (bytes[index / 8] >> (index % 8)) & 1
}

/// Value `i` of a block, written from the comments and loops of ggml's `ggml-quants.c`, one value at a time.
fn value(kind: QuantType, block: &[u8], i: usize) -> f32 {
    // Blocks of 32 keep the first half in low nibbles, the second in high ones.
    let nibble = |bytes: &[u8]| i32::from((bytes[i % 16] >> (4 * (i / 16))) & 15);
    // K-quants do the same for each 64 values.
    let long_nibble = |bytes: &[u8]| i32::from((bytes[32 * (i / 64) + i % 32] >> (4 * (i % 64 / 32))) & 15);
    // Two bits: 128 values in 32 bytes.
    let pair = |bytes: &[u8]| i32::from((bytes[32 * (i / 128) + i % 32] >> (2 * (i % 128 / 32))) & 3);
    match kind {
        QuantType::Q4_0 => (nibble(&block[2..]) - 8) as f32 * half(block, 0),
        QuantType::Q4_1 => nibble(&block[4..]) as f32 * half(block, 0) + half(block, 2),
        QuantType::Q5_0 => {
            let quant = nibble(&block[6..]) + 16 * i32::from(bit(&block[2..6], i));
            (quant - 16) as f32 * half(block, 0)
        }
        QuantType::Q5_1 => {
            let quant = nibble(&block[8..]) + 16 * i32::from(bit(&block[4..8], i));
            quant as f32 * half(block, 0) + half(block, 2)
        }
        QuantType::Q8_0 => f32::from(block[2 + i] as i8) * half(block, 0),
        QuantType::Q2K => {
            let packed = block[i / 16];
            let scale = half(block, 80) * f32::from(packed & 15);
            let minimum = half(block, 82) * f32::from(packed >> 4);
            scale * pair(&block[16..80]) as f32 - minimum
        }
        QuantType::Q3K => {
            let group = i / 16;
            let packed = &block[96..108];
            let low = if group < 8 { packed[group] & 15 } else { packed[group - 8] >> 4 };
            let high = (packed[8 + group % 4] >> (2 * (group / 4))) & 3;
            let scale = half(block, 108) * f32::from((low | (high << 4)) as i8 - 32);
            let absent = if (block[i % 32] >> (i / 32)) & 1 == 0 { 4 } else { 0 };
            scale * (pair(&block[32..96]) - absent) as f32
        }
        QuantType::Q4K => {
            let (scale, minimum) = six_bits(block, i / 32);
            half(block, 0) * scale * long_nibble(&block[16..]) as f32 - half(block, 2) * minimum
        }
        QuantType::Q5K => {
            let (scale, minimum) = six_bits(block, i / 32);
            let high = i32::from((block[16 + i % 32] >> (i / 32)) & 1);
            half(block, 0) * scale * (long_nibble(&block[48..]) + 16 * high) as f32 - half(block, 2) * minimum
        }
        QuantType::Q6K => {
            let (part, within) = (i / 128, i % 128);
            let low = (block[64 * part + within % 64] >> (4 * (within / 64))) & 15;
            let high = (block[128 + 32 * part + within % 32] >> (2 * (within / 32))) & 3;
            let quant = i32::from(low | (high << 4)) - 32;
            half(block, 208) * f32::from(block[192 + i / 16] as i8) * quant as f32
        }
    }
}

/// ggml's `get_scale_min_k4`.
fn six_bits(block: &[u8], group: usize) -> (f32, f32) {
    let q = &block[4..16];
    let (scale, minimum) = if group < 4 {
        (q[group] & 63, q[group + 4] & 63)
    } else {
        ((q[group + 4] & 15) | ((q[group - 4] >> 6) << 4), (q[group + 4] >> 4) | ((q[group] >> 6) << 4))
    };
    (f32::from(scale), f32::from(minimum))
}

#[test]
fn dequantized_values_follow_the_formula_of_each_format_to_the_bit() {
    let mut random = Random::new(1);
    for kind in QuantType::ALL {
        let bytes = random.blocks(kind, 20);
        let mut got = vec![0.0; 20 * kind.block_len()];

        dequantize_row(kind, &bytes, &mut got).unwrap();

        let blocks = bytes.chunks(kind.block_bytes());
        let expected = blocks.flat_map(|block| (0..kind.block_len()).map(move |i| value(kind, block, i)));
        for (i, (got, expected)) in got.iter().zip(expected).enumerate() {
            // Adding zero makes both zeros positive.
            assert_eq!(
                (got + 0.0).to_bits(),
                (expected + 0.0).to_bits(),
                "{kind:?} value {i}: {got} {expected}"
            );
        }
    }
}

#[test]
fn a_block_written_by_hand_has_its_values() {
    // Scale 0.5, fifth bits of values 0 and 31, nibbles 1 and 2 in the first byte, 0 and 15 in the last.
    let mut block = vec![0x00, 0x38, 0x01, 0x00, 0x00, 0x80, 0x21];
    block.extend([0; 14]);
    block.push(0xf0);
    let mut values = [0.0; 32];

    dequantize_row(QuantType::Q5_0, &block, &mut values).unwrap();

    for (index, expected) in [(0, 0.5), (1, -8.0), (16, -7.0), (15, -8.0), (31, 7.5)] {
        assert!((values[index] - expected).abs() < f32::EPSILON, "value {index} is {}", values[index]);
    }
}

#[test]
fn wrong_lengths_are_refused() {
    let mut out = [0.0; 64];

    let row = dequantize_row(QuantType::Q4K, &[0; 144], &mut out).unwrap_err();
    let bytes = dequantize_row(QuantType::Q4_0, &[0; 35], &mut out).unwrap_err();

    assert_eq!(row, ShapeError::Row { kind: QuantType::Q4K, len: 64 });
    assert_eq!(row.to_string(), "a row of `Q4K` has 64 values, expected a multiple of 256");
    assert_eq!(bytes.to_string(), "`bytes` has length 35, expected 36");
}
