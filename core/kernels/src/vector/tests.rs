use std::cmp::Ordering;

use proptest::prelude::*;

use super::{
    add_scaled, dot, find_non_finite, gelu_erf, gelu_mul, greatest, layer_norm, portable, rms_norm, silu_mul,
    softmax,
};

/// `erf(x)` by a series of positive terms, exact to f64.
fn erf(x: f64) -> f64 {
    let mut term = x;
    let mut sum = x;
    for n in 1..400 {
        term *= 2.0 * x * x / f64::from(2 * n + 1);
        sum += term;
    }
    (std::f64::consts::FRAC_2_SQRT_PI * (-x * x).exp() * sum).clamp(-1.0, 1.0)
}

fn bits(values: &[f32]) -> Vec<u32> {
    values.iter().map(|value| value.to_bits()).collect()
}

#[test]
fn gelu_is_within_a_millionth_of_the_exact_value() {
    let x: Vec<f32> = (-100_000..=100_000).map(|step| step as f32 * 1e-4).collect();
    let mut got = x.clone();

    gelu_erf(&mut got);

    for (x, got) in x.iter().zip(got) {
        let x = f64::from(*x);
        let exact = x / 2.0 * (1.0 + erf(x / std::f64::consts::SQRT_2));
        assert!((f64::from(got) - exact).abs() <= 1e-6, "gelu({x}) = {got}, expected {exact}");
    }
}

#[test]
fn silu_is_close_to_the_exact_value_everywhere() {
    let x: Vec<f32> = (-2000..=2000).map(|step| step as f32 * 0.05).collect();
    let mut got = x.clone();

    silu_mul(&mut got, &vec![2.0; x.len()]);

    for (x, got) in x.iter().zip(got) {
        let exact = 2.0 * f64::from(*x) / (1.0 + (-f64::from(*x)).exp());
        assert!((f64::from(got) - exact).abs() <= 1e-6 * exact.abs() + 1e-34, "silu({x}): {got}, {exact}");
    }
}

#[test]
fn the_approximate_gelu_is_close_to_its_formula_everywhere() {
    let x: Vec<f32> = (-2000..=2000).map(|step| step as f32 * 0.01).collect();
    let mut got = x.clone();

    gelu_mul(&mut got, &vec![2.0; x.len()]);

    for (x, got) in x.iter().zip(got) {
        let x = f64::from(*x);
        let inner = (2.0 / std::f64::consts::PI).sqrt() * (x + 0.044_715 * x * x * x);
        let exact = x * (1.0 + inner.tanh());
        assert!((f64::from(got) - exact).abs() <= 1e-6 * exact.abs() + 1e-7, "gelu({x}): {got}, {exact}");
    }
}

#[test]
fn nan_passes_through_every_function() {
    let nan = [1.0, f32::NAN, 2.0];
    let one = [1.0; 3];

    assert!(dot(&nan, &one).is_nan());
    let mut softmax_row = nan;
    softmax(&mut softmax_row);
    assert!(softmax_row.iter().all(|value| value.is_nan()));
    let mut gelu = nan;
    gelu_erf(&mut gelu);
    assert!(gelu[1].is_nan() && !gelu[0].is_nan());
    let mut gate = nan;
    silu_mul(&mut gate, &one);
    assert!(gate[1].is_nan() && !gate[0].is_nan());
    let mut out = one;
    rms_norm(&nan, &one, 1e-5, &mut out);
    assert!(out.iter().all(|value| value.is_nan()));
    layer_norm(&nan, &one, &one, 1e-5, &mut out);
    assert!(out.iter().all(|value| value.is_nan()));
}

#[test]
fn softmax_gives_masked_values_no_weight() {
    let mut row = [3.0, f32::NEG_INFINITY, 3.0, -200.0];

    softmax(&mut row);

    assert_eq!(bits(&row), bits(&[0.5, 0.0, 0.5, 0.0]));
}

#[test]
fn empty_slices_are_fine() {
    assert!(dot(&[], &[]).abs() < f32::EPSILON);
    softmax(&mut []);
    gelu_erf(&mut []);
    rms_norm(&[], &[], 1e-5, &mut []);
}

#[test]
#[should_panic(expected = "`a` and `b` have the same length")]
fn different_lengths_are_refused() {
    dot(&[1.0], &[1.0, 2.0]);
}

fn vectors() -> impl Strategy<Value = (Vec<f32>, Vec<f32>, Vec<f32>)> {
    (1_usize..100).prop_flat_map(|len| {
        let vector = || prop::collection::vec(-30.0_f32..30.0, len);
        (vector(), vector(), vector())
    })
}

proptest! {
    #[test]
    fn what_is_greatest_or_not_finite_is_found_wherever_it_is(
        values in prop::collection::vec(any::<f32>(), 0..70),
        special in prop::option::of(prop_oneof![Just(f32::NAN), Just(f32::INFINITY), Just(f32::NEG_INFINITY)]),
        place in 0_usize..70,
    ) {
        let mut values = values;
        if let (Some(special), Some(value)) = (special, values.get_mut(place)) {
            *value = special;
        }

        let (found, most) = (find_non_finite(&values), greatest(&values));

        let expected = values.iter().copied().find(|value| !value.is_finite());
        prop_assert_eq!(found.map(f32::to_bits), expected.map(f32::to_bits));
        if values.iter().any(|value| value.is_nan()) {
            prop_assert!(most.is_nan());
        } else {
            let expected = values.iter().copied().fold(f32::NEG_INFINITY, f32::max);
            prop_assert_eq!(most.partial_cmp(&expected), Some(Ordering::Equal));
        }
    }

    #[test]
    fn dispatched_code_gives_the_bits_of_portable_code((a, b, c) in vectors()) {
        prop_assert_eq!(dot(&a, &b).to_bits(), portable::dot(&a, &b).to_bits());

        let (mut got, mut expected) = (a.clone(), a.clone());
        add_scaled(&mut got, 0.3, &b);
        portable::add_scaled(&mut expected, 0.3, &b);
        prop_assert_eq!(bits(&got), bits(&expected));

        gelu_erf(&mut got);
        portable::gelu_erf(&mut expected);
        prop_assert_eq!(bits(&got), bits(&expected));

        silu_mul(&mut got, &c);
        portable::silu_mul(&mut expected, &c);
        prop_assert_eq!(bits(&got), bits(&expected));

        gelu_mul(&mut got, &c);
        portable::gelu_mul(&mut expected, &c);
        prop_assert_eq!(bits(&got), bits(&expected));

        softmax(&mut got);
        portable::softmax(&mut expected);
        prop_assert_eq!(bits(&got), bits(&expected));

        rms_norm(&a, &b, 1e-6, &mut got);
        portable::rms_norm(&a, &b, 1e-6, &mut expected);
        prop_assert_eq!(bits(&got), bits(&expected));

        layer_norm(&a, &b, &c, 1e-12, &mut got);
        portable::layer_norm(&a, &b, &c, 1e-12, &mut expected);
        prop_assert_eq!(bits(&got), bits(&expected));
    }

    #[test]
    fn results_are_close_to_f64((a, b, c) in vectors()) {
        let wide = |x: &[f32]| x.iter().map(|x| f64::from(*x)).collect::<Vec<_>>();
        let (x, y, z) = (wide(&a), wide(&b), wide(&c));
        let len = x.len() as f64;

        let exact: f64 = x.iter().zip(&y).map(|(x, y)| x * y).sum();
        prop_assert!((f64::from(dot(&a, &b)) - exact).abs() <= 1e-4 * len.max(10.0));

        let largest = x.iter().copied().fold(f64::MIN, f64::max);
        let sum: f64 = x.iter().map(|x| (x - largest).exp()).sum();
        let mut row = a.clone();
        softmax(&mut row);
        for (got, x) in row.iter().zip(&x) {
            prop_assert!((f64::from(*got) - (x - largest).exp() / sum).abs() <= 1e-6);
        }

        let square = x.iter().map(|x| x * x).sum::<f64>() / len;
        let mut out = vec![0.0; a.len()];
        rms_norm(&a, &b, 1e-5, &mut out);
        for ((got, x), y) in out.iter().zip(&x).zip(&y) {
            let exact = x / (square + 1e-5).sqrt() * y;
            prop_assert!((f64::from(*got) - exact).abs() <= 1e-5 * exact.abs().max(1.0));
        }

        let mean = x.iter().sum::<f64>() / len;
        let variance = x.iter().map(|x| (x - mean).powi(2)).sum::<f64>() / len;
        layer_norm(&a, &b, &c, 1e-5, &mut out);
        for (((got, x), y), z) in out.iter().zip(&x).zip(&y).zip(&z) {
            let exact = (x - mean) / (variance + 1e-5).sqrt() * y + z;
            prop_assert!((f64::from(*got) - exact).abs() <= 1e-4 * exact.abs().max(1.0));
        }
    }
}
