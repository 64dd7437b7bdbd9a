use proptest::prelude::*;

use super::product::{From, Nothing, Portable, Uncertainty, run, run_at};
use super::*;
use crate::cpu::Level;
use crate::testing::Random;

fn levels() -> impl Iterator<Item = Level> {
    [Level::Scalar, Level::Avx2, Level::Avx512Vnni].into_iter().filter(|level| level.is_available())
}

fn coded(rows: &[Vec<f32>], nearness: Nearness) -> CodedRows {
    let mut coded = CodedRows::new(rows[0].len(), nearness);
    for row in rows {
        coded.push(row);
    }
    coded
}

/// Nearness by its formula.
fn exact(query: &[f32], row: &[f32], nearness: Nearness) -> f64 {
    let pairs = query.iter().zip(row).map(|(q, x)| (f64::from(*q), f64::from(*x)));
    match nearness {
        Nearness::Dot => pairs.map(|(q, x)| q * x).sum(),
        Nearness::Distance => pairs.map(|(q, x)| (q * q - (q - x) * (q - x)) / 2.0).sum(),
    }
}

/// Some rows, and the last one as a query; of any size, with values that are often equal.
fn vectors() -> impl Strategy<Value = Vec<Vec<f32>>> {
    (1_usize..200, -8_i32..8).prop_flat_map(|(dimensions, size)| {
        let value = prop_oneof![Just(0.0), -1.0_f32..1.0, Just(1.0)];
        let scaled = value.prop_map(move |value| value * 10.0_f32.powi(size));
        proptest::collection::vec(proptest::collection::vec(scaled, dimensions), 2..30)
    })
}

proptest! {
    #[test]
    fn every_level_gives_the_bits_of_portable_code(vectors in vectors(), distance: bool, threshold in -2.0_f32..2.0) {
        let nearness = if distance { Nearness::Distance } else { Nearness::Dot };
        let (query, rows) = vectors.split_last().expect("there are two or more");
        let coded = coded(rows, nearness);
        let query = coded.query(query);
        let listed: Vec<u32> = (0..rows.len() as u32).rev().collect();
        let bits = |values: &[f32]| values.iter().map(|value| value.to_bits()).collect::<Vec<_>>();
        let (mut expected, mut got) = (vec![0.0; rows.len()], vec![1.0; rows.len()]);

        for level in levels() {
            let any = run(Portable, Uncertainty, &coded, &query, From(0), threshold, &mut expected);
            prop_assert_eq!(run_at(level, Uncertainty, &coded, &query, From(0), threshold, &mut got), any);
            prop_assert_eq!(bits(&got), bits(&expected), "{:?}", level);
            prop_assert_eq!(expected.iter().any(|bound| *bound >= threshold), any);

            run_at(level, Uncertainty, &coded, &query, &listed[..], threshold, &mut got);
            got.reverse();
            prop_assert_eq!(bits(&got), bits(&expected), "{:?}", level);

            run(Portable, Nothing, &coded, &query, &listed[..], threshold, &mut expected);
            run_at(level, Nothing, &coded, &query, &listed[..], threshold, &mut got);
            prop_assert_eq!(bits(&got), bits(&expected), "{:?}", level);
        }
    }

    #[test]
    fn the_exact_value_lies_within_the_spread_below_the_bound(vectors in vectors(), distance: bool) {
        let nearness = if distance { Nearness::Distance } else { Nearness::Dot };
        let (query, rows) = vectors.split_last().expect("there are two or more");
        let coded = coded(rows, nearness);
        let coded_query = coded.query(query);
        let mut bounds = vec![0.0; rows.len()];

        coded.bound(&coded_query, 0, 0.0, &mut bounds);

        for (at, (row, bound)) in rows.iter().zip(bounds).enumerate() {
            let exact = exact(query, row, nearness);
            prop_assert!(exact <= f64::from(bound), "{} > {}", exact, bound);
            let lowest = f64::from(bound) - f64::from(coded.spread(&coded_query, at));
            prop_assert!(exact >= lowest, "{} < {}", exact, lowest);
        }
    }
}

proptest! {
    #[test]
    fn scores_are_those_of_the_vectors_to_24_bits_at_every_level(vectors in vectors(), distance: bool) {
        let nearness = if distance { Nearness::Distance } else { Nearness::Dot };
        let (query, rows) = vectors.split_last().expect("there are two or more");
        let coded = coded(rows, nearness);
        let listed: Vec<u32> = (0..rows.len() as u32).rev().collect();
        let mut expected = vec![0.0; rows.len()];

        score::score(Level::Scalar, &coded, query, &listed, &mut expected);

        for (row, score) in rows.iter().rev().zip(&expected) {
            let pairs = query.iter().zip(row).map(|(q, x)| (f64::from(*q), f64::from(*x)));
            let (exact, size) = pairs.fold((0.0, 0.0), |(exact, size), (q, x)| match nearness {
                Nearness::Dot => (exact + q * x, size + q.abs()),
                Nearness::Distance => (exact + (q - x) * (q - x), size + q.abs() + x.abs()),
            });
            let largest = row.iter().chain(query).fold(0.0_f64, |most, value| most.max(f64::from(value.abs())));
            let off = (f64::from(*score) - exact).abs();
            prop_assert!(off <= size * largest * 2e-6 + 1e-30, "{} {} {}", score, exact, size);
        }
        for level in levels() {
            let mut got = vec![1.0; rows.len()];
            score::score(level, &coded, query, &listed, &mut got);
            prop_assert_eq!(
                got.iter().map(|value| value.to_bits()).collect::<Vec<_>>(),
                expected.iter().map(|value| value.to_bits()).collect::<Vec<_>>(),
                "{:?}",
                level
            );
        }
    }

    #[test]
    fn a_row_holds_its_vector_and_no_other(mut vectors in vectors(), at: prop::sample::Index) {
        let coded = coded(&vectors, Nearness::Dot);
        let row = at.index(vectors.len());
        prop_assert!(coded.holds(row, &vectors[row]));

        let largest = vectors[row].iter().fold(0.0_f32, |most, value| most.max(value.abs()));
        let place = at.index(vectors[row].len());
        vectors[row][place] += largest.max(1e-3) * 1e-4;
        prop_assert!(!coded.holds(row, &vectors[row]));
    }
}

#[test]
fn the_length_of_a_row_is_that_of_its_vector() {
    let vector = Random::new(4).floats(100);
    let coded = coded(std::slice::from_ref(&vector), Nearness::Dot);

    let length = vector.iter().map(|value| f64::from(*value).powi(2)).sum::<f64>().sqrt();

    assert!((coded.length(0) / length - 1.0).abs() < 1e-7);
}

#[test]
fn tiny_values_are_kept_as_far_as_floats_go() {
    let vector = [f32::MIN_POSITIVE, -f32::MIN_POSITIVE / 4.0, 0.0];
    let coded = coded(&[vector.to_vec()], Nearness::Dot);
    let mut score = [0.0];

    coded.score(&[1.0, 0.0, 0.0], &[0], &mut score);

    assert!((score[0] / f32::MIN_POSITIVE - 1.0).abs() < 1e-4, "{}", score[0]);
}

#[test]
fn the_bound_of_unit_vectors_is_a_few_hundredths_above_their_product() {
    let mut random = Random::new(1);
    let mut unit = || {
        let vector = random.floats(384);
        let length = vector.iter().map(|value| value * value).sum::<f32>().sqrt();
        vector.into_iter().map(|value| value / length).collect::<Vec<_>>()
    };
    let (rows, query): (Vec<_>, _) = ((0..50).map(|_| unit()).collect(), unit());
    let coded = coded(&rows, Nearness::Dot);

    let spread = coded.spread(&coded.query(&query), 7);

    assert!(spread < 0.03, "{spread}");
}

#[test]
fn a_row_as_a_query_is_as_near_as_the_vector_itself() {
    let mut random = Random::new(2);
    let rows: Vec<Vec<f32>> = (0..9).map(|_| random.floats(70)).collect();
    for nearness in [Nearness::Dot, Nearness::Distance] {
        let coded = coded(&rows, nearness);
        let listed: Vec<u32> = (0..9).collect();
        let (mut by_vector, mut by_row) = ([0.0; 9], [1.0; 9]);

        coded.estimate(&coded.query(&rows[4]), &listed, &mut by_vector);
        coded.estimate(&coded.query_of(4), &listed, &mut by_row);

        assert_eq!(by_vector.map(f32::to_bits), by_row.map(f32::to_bits));
    }
}

#[test]
fn equal_rows_have_equal_fingerprints_and_others_do_not() {
    let mut random = Random::new(3);
    let mut rows: Vec<Vec<f32>> = (0..100).map(|_| random.floats(33)).collect();
    rows.push(rows[5].clone());
    let coded = coded(&rows, Nearness::Dot);

    for row in 0..100 {
        assert_eq!(coded.are_equal(row, 100), row == 5);
        assert_eq!(coded.fingerprint(row) == coded.fingerprint(100), row == 5);
    }
}

#[test]
fn numbers_that_overflow_are_below_no_threshold() {
    let rows = vec![vec![f32::MAX; 5], vec![0.0; 5], vec![f32::MIN_POSITIVE; 5]];
    let coded = coded(&rows, Nearness::Distance);
    let mut out = [0.0; 3];

    let any = coded.bound(&coded.query(&[f32::MAX; 5]), 0, f32::INFINITY, &mut out);

    assert!(any);
    assert!(out[0] >= f32::INFINITY);
}

#[test]
fn rows_without_values_are_rows() {
    let mut coded = CodedRows::new(0, Nearness::Dot);
    coded.push(&[]);
    let mut out = [1.0];

    coded.estimate(&coded.query(&[]), &[0], &mut out);

    assert_eq!((coded.len(), out[0].to_bits()), (1, 0));
}
