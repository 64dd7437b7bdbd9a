use proptest::prelude::*;

use super::{attention, portable};
use crate::panel::LANES;

/// Deterministic values from -1 to 1.
fn values(count: usize, seed: u32) -> Vec<f32> {
    let mut state = seed.wrapping_mul(2_654_435_761).wrapping_add(1);
    let next = || {
        state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        (state >> 8) as f32 / (1 << 23) as f32 - 1.0
    };
    std::iter::repeat_with(next).take(count).collect()
}

fn tiles(keys: &[f32], dimension: usize) -> Vec<f32> {
    let tokens = keys.len() / dimension;
    let mut tiles = vec![0.0; tokens.next_multiple_of(LANES) * dimension];
    for (token, key) in keys.chunks_exact(dimension).enumerate() {
        for (depth, value) in key.iter().enumerate() {
            tiles[(token / LANES * dimension + depth) * LANES + token % LANES] = *value;
        }
    }
    tiles
}

fn exact(query: &[f32], keys: &[f32], values: &[f32], visible: usize, scale: f32) -> Vec<f64> {
    let dimension = query.len();
    let score = |key: &[f32]| -> f64 {
        key.iter().zip(query).map(|(a, b)| f64::from(*a) * f64::from(*b)).sum::<f64>() * f64::from(scale)
    };
    let scores: Vec<f64> = keys.chunks_exact(dimension).take(visible).map(score).collect();
    let highest = scores.iter().copied().fold(f64::NEG_INFINITY, f64::max);
    let weights: Vec<f64> = scores.iter().map(|score| (score - highest).exp()).collect();
    let total: f64 = weights.iter().sum();
    let mut out = vec![0.0; dimension];
    for (weight, value) in weights.iter().zip(values.chunks_exact(dimension)) {
        for (out, value) in out.iter_mut().zip(value) {
            *out += weight / total * f64::from(*value);
        }
    }
    out
}

proptest! {
    #[test]
    fn it_is_close_to_exact_arithmetic_and_the_same_on_every_instruction_set(
        dimension in (1_usize..9).prop_map(|columns| columns * LANES),
        tokens in 1_usize..400,
        queries in 1_usize..20,
        sharpness in 0.01_f32..20.0,
        seed in any::<u32>(),
    ) {
        let visible: Vec<usize> = (0..queries).map(|query| 1 + (query * 37 + seed as usize) % tokens).collect();
        let query = values(queries * dimension, seed);
        let key = values(tokens * dimension, seed ^ 1);
        let value = values(tokens * dimension, seed ^ 2);
        let tiles = tiles(&key, dimension);
        let scale = sharpness / (dimension as f32).sqrt();
        let mut out = vec![0.0; queries * dimension];

        attention(&query, &visible, &tiles, &value, dimension, scale, &mut out);

        let mut scalar = vec![0.0; queries * dimension];
        portable(&query, &visible, &tiles, &value, dimension, scale, &mut scalar);
        prop_assert_eq!(&out, &scalar);
        for ((query, out), visible) in query.chunks_exact(dimension).zip(out.chunks_exact(dimension)).zip(&visible) {
            let exact = exact(query, &key, &value, *visible, scale);
            for (out, exact) in out.iter().zip(&exact) {
                prop_assert!((f64::from(*out) - exact).abs() < 2e-5, "{out} {exact}");
            }
            let mut alone = vec![0.0; dimension];
            attention(query, &[*visible], &tiles, &value, dimension, scale, &mut alone);
            prop_assert_eq!(&alone[..], out);
        }
    }
}

#[test]
fn a_value_that_is_not_a_number_is_not_hidden() {
    let dimension = LANES;
    let mut query = vec![1.0; dimension];
    query[3] = f32::NAN;
    let mut out = vec![0.0; dimension];

    attention(
        &query,
        &[2],
        &vec![1.0; LANES * dimension],
        &vec![1.0; 2 * dimension],
        dimension,
        1.0,
        &mut out,
    );

    assert!(out.iter().all(|value| value.is_nan()));
}
