use super::{BAND, dequantize_packed_row, pack};
use crate::block::dequantize_row;
use crate::quant_type::QuantType;
use crate::testing::Random;

#[test]
fn packed_rows_have_the_values_of_the_rows() {
    let mut random = Random::new(3);
    for kind in QuantType::ALL {
        for n in [1, 15, 16, 17, 40] {
            let k = 3 * kind.block_len();
            let weights = random.blocks(kind, 3 * n);
            let mut packed = vec![0xff; kind.packed_bytes(n, k).unwrap()];

            pack(kind, &weights, n, k, &mut packed).unwrap();

            let (mut expected, mut got) = (vec![0.0; k], vec![0.0; k]);
            for (row, bytes) in weights.chunks_exact(weights.len() / n).enumerate() {
                dequantize_row(kind, bytes, &mut expected).unwrap();
                dequantize_packed_row(kind, &packed, row, &mut got).unwrap();
                assert_eq!(got, expected, "{kind:?} row {row} of {n}");
            }
        }
    }
}

#[test]
fn a_band_is_padded_with_zeros() {
    for kind in QuantType::ALL {
        let k = kind.block_len();
        let weights = Random::new(4).blocks(kind, 1);
        let (mut one, mut other) = (vec![0x55; BAND * weights.len()], vec![0xaa; BAND * weights.len()]);

        pack(kind, &weights, 1, k, &mut one).unwrap();
        pack(kind, &weights, 1, k, &mut other).unwrap();

        assert_eq!(one, other, "{kind:?}");
    }
}

#[test]
fn wrong_shapes_are_refused() {
    let kind = QuantType::Q4_0;
    let message = |n, k, weights: usize, out: usize| {
        pack(kind, &vec![0; weights], n, k, &mut vec![0; out]).unwrap_err().to_string()
    };

    assert_eq!(message(1, 33, 18, 288), "a row of `Q4_0` has 33 values, expected a multiple of 32");
    assert_eq!(message(1, 32, 17, 288), "`weights` has length 17, expected 18");
    assert_eq!(message(17, 32, 17 * 18, 288), "`out` has length 288, expected 576");
    let row = dequantize_packed_row(kind, &[0; 288], 16, &mut [0.0; 32]).unwrap_err();
    assert_eq!(row.to_string(), "`packed` has length 288, expected 576");
    assert_eq!(pack(kind, &[], 0, 32, &mut []), Ok(()));
}
