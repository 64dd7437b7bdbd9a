use proptest::prelude::*;

use super::{DenseMatrix, ROWS, interleave, portable};

fn values(count: usize, seed: u32) -> Vec<f32> {
    (0..count).map(|index| ((index as f32 + 1.0) * (seed % 97 + 3) as f32 * 0.37).sin()).collect()
}

proptest! {
    #[test]
    fn it_is_close_to_exact_arithmetic_and_a_row_does_not_depend_on_the_others(
        n in 1_usize..100,
        k in 1_usize..200,
        m in 1_usize..40,
        seed in any::<u32>(),
    ) {
        let weights = values(n * k, seed);
        let x = values(m * k, seed ^ 5);
        let matrix = DenseMatrix::pack(&weights, n, k).unwrap();
        let mut out = vec![f32::NAN; m * n];

        matrix.multiply(&x, m, &mut out).unwrap();

        for (x, out) in x.chunks_exact(k).zip(out.chunks_exact(n)) {
            for (weights, out) in weights.chunks_exact(k).zip(out) {
                let exact: f64 = weights.iter().zip(x).map(|(a, b)| f64::from(*a) * f64::from(*b)).sum();
                prop_assert!((f64::from(*out) - exact).abs() < 1e-4, "{out} {exact}");
            }
            let mut alone = vec![f32::NAN; n];
            matrix.multiply(x, 1, &mut alone).unwrap();
            prop_assert_eq!(&alone[..], out);
        }
        let mut block = Vec::new();
        interleave(&x[..k * m.min(ROWS)], k, &mut block);
        let mut scalar = vec![f32::NAN; m.min(ROWS) * n];
        portable(&[block], &matrix.panels, &mut scalar.chunks_exact_mut(n).collect::<Vec<_>>());
        prop_assert_eq!(&scalar[..], &out[..scalar.len()]);
    }
}

#[test]
fn a_large_product_is_the_same_on_several_threads() {
    let (n, k, m) = (300, 400, 37);
    let x = values(m * k, 2);
    let matrix = DenseMatrix::pack(&values(n * k, 1), n, k).unwrap();
    let (mut out, mut alone) = (vec![0.0; m * n], vec![0.0; n]);

    matrix.multiply(&x, m, &mut out).unwrap();

    for (x, out) in x.chunks_exact(k).zip(out.chunks_exact(n)) {
        matrix.multiply(x, 1, &mut alone).unwrap();
        assert_eq!(alone, out);
    }
}

#[test]
fn slices_of_the_wrong_length_are_refused() {
    assert!(DenseMatrix::pack(&[1.0; 5], 2, 3).is_err());
    let matrix = DenseMatrix::pack(&[1.0; 6], 2, 3).unwrap();
    assert!(matrix.multiply(&[1.0; 4], 1, &mut [0.0; 2]).is_err());
    assert!(matrix.multiply(&[1.0; 3], 1, &mut [0.0; 3]).is_err());
}
