use super::encode;
use crate::Quantisation;

/// A block around zero, one far from it, and one of zeros.
fn values() -> Vec<f32> {
    let number = |index: usize| ((index * 37 + 11) % 101) as f32 - 50.0;
    let first = (0..32).map(|index| number(index) / 64.0);
    let second = (32..64).map(|index| number(index) / 4096.0 + 0.5);
    first.chain(second).chain([0.0; 32]).collect()
}

fn encoded(kind: Quantisation) -> Vec<u8> {
    let mut bytes = Vec::new();
    encode(kind, &values(), &mut bytes);
    bytes
}

fn hexadecimal(bytes: &[u8]) -> String {
    bytes
        .iter()
        .flat_map(|byte| [byte >> 4, byte & 15])
        .filter_map(|digit| char::from_digit(digit.into(), 16))
        .collect()
}

/// Recorded with `gguf.quants.quantize` of the Python package gguf 0.19.0.
#[test]
fn blocks_are_rounded_as_ggml_does_it() {
    let recorded = [
        (
            Quantisation::Q8_0,
            "4d1e9dfb59b61472d02e8be947a50361be1c7ad73593f14fac0a68c62481df3d9af8\
             211c7e7a7c7f7b7d797b7e7a7c7e7a7d7f7b7d797c7e7a7c7e7b7d7f7b7d797c7e7a\
             00000000000000000000000000000000000000000000000000000000000000000000",
        ),
        (
            Quantisation::Q4_0,
            "402ef258be1379df359bf147ac0268ce248a\
             19ac00000000000000000000000000000000\
             008088888888888888888888888888888888",
        ),
        (
            Quantisation::Q4_1,
            "892e40baf257bd1379cf358ae146ac0268bd2479\
             7716d137ad0368ce248ad0469bf257bd1379cf25\
             0000000000000000000000000000000000000000",
        ),
    ];

    for (kind, expected) in recorded {
        assert_eq!(hexadecimal(&encoded(kind)), expected, "{kind}");
    }
}

#[test]
fn what_is_read_back_is_half_a_step_away_at_most() {
    let expected = values();
    // The largest of the other sign is a whole step away in `Q4_0`.
    let shares =
        [(Quantisation::Q8_0, 0.5 / 127.0), (Quantisation::Q4_0, 1.0 / 8.0), (Quantisation::Q4_1, 0.5 / 7.5)];
    for (kind, share) in shares {
        let mut found = vec![0.0; expected.len()];

        kind.dequantise(&encoded(kind), &mut found);

        for (expected, found) in expected.chunks(32).zip(found.chunks(32)) {
            let largest = expected.iter().fold(0.0, |largest: f32, value| largest.max(value.abs()));
            // Scales and smallest weights are rounded to 11 bits.
            let allowed = largest * (share + 2.0 / 2048.0);
            for (expected, found) in expected.iter().zip(found) {
                assert!((expected - found).abs() <= allowed, "{kind}: {expected} became {found}");
            }
        }
    }
}
