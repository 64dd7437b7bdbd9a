use std::ops::Range;

use half::f16;
use proptest::prelude::*;

use super::{Attended, KvPage, PAGE, Portable, RelativeBias, Span, attend, attend_with_bias};
use crate::panel::LANES;
use crate::testing::Random;

/// The keys and values of one head in pages.
struct Head {
    dimension: usize,
    tokens: usize,
    /// `[tokens][dimension]`, as the pages hold them.
    keys: Vec<f32>,
    values: Vec<f32>,
    key_tiles: Vec<f32>,
    value_rows: Vec<f32>,
}

impl Head {
    fn new(keys: Vec<f32>, values: Vec<f32>, dimension: usize) -> Self {
        let tokens = keys.len() / dimension;
        let whole = tokens.next_multiple_of(PAGE) * dimension;
        let (mut key_tiles, mut value_rows) = (vec![0.0; whole], vec![0.0; whole]);
        for (token, key) in keys.chunks_exact(dimension).enumerate() {
            for (depth, value) in key.iter().enumerate() {
                key_tiles[(token / LANES * dimension + depth) * LANES + token % LANES] = *value;
            }
        }
        value_rows[..values.len()].copy_from_slice(&values);
        Self { dimension, tokens, keys, values, key_tiles, value_rows }
    }

    fn pages(&self) -> Vec<KvPage<'_>> {
        let length = PAGE * self.dimension;
        let pages = self.key_tiles.chunks_exact(length).zip(self.value_rows.chunks_exact(length));
        pages.map(|(keys, values)| KvPage::F32 { keys, values }).collect()
    }

    /// The result in exact arithmetic; `bias` has what is added to the score of each visible token, 0 beyond its end.
    fn exact(&self, query: &[f32], visible: &Range<usize>, scale: f32, bias: &[f32]) -> Vec<f64> {
        let score = |key: &[f32]| -> f64 {
            key.iter().zip(query).map(|(a, b)| f64::from(*a) * f64::from(*b)).sum::<f64>() * f64::from(scale)
        };
        let bias = bias.iter().copied().map(f64::from).chain(std::iter::repeat(0.0));
        let rows = |rows: &Vec<f32>| -> Vec<Vec<f32>> {
            let rows = rows.chunks_exact(self.dimension).take(visible.end).skip(visible.start);
            rows.map(<[f32]>::to_vec).collect()
        };
        let scores: Vec<f64> =
            rows(&self.keys).iter().zip(bias).map(|(key, bias)| score(key) + bias).collect();
        let highest = scores.iter().copied().fold(f64::NEG_INFINITY, f64::max);
        let weights: Vec<f64> = scores.iter().map(|score| (score - highest).exp()).collect();
        let total: f64 = weights.iter().sum();
        let mut out = vec![0.0; self.dimension];
        for (weight, value) in weights.iter().zip(rows(&self.values)) {
            for (out, value) in out.iter_mut().zip(value) {
                *out += weight / total * f64::from(value);
            }
        }
        out
    }
}

fn rows(attended: &Attended) -> Vec<Vec<f32>> {
    attended.rows().map(Iterator::collect).collect()
}

proptest! {
    #[test]
    fn it_is_close_to_exact_arithmetic_and_the_same_on_every_instruction_set(
        dimension in (1_usize..9).prop_map(|columns| columns * LANES),
        tokens in 1_usize..400,
        queries in 1_usize..20,
        window in 1_usize..500,
        sharpness in 0.01_f32..20.0,
        seed in any::<u64>(),
    ) {
        let mut random = Random::new(seed);
        let visible: Vec<Range<usize>> = (0..queries)
            .map(|query| 1 + (query * 37 + seed as usize % 1000) % tokens)
            .map(|end| end.saturating_sub(window)..end)
            .collect();
        let query = random.floats(queries * dimension);
        let head = Head::new(random.floats(tokens * dimension), random.floats(tokens * dimension), dimension);
        let scale = sharpness / (dimension as f32).sqrt();

        let attended = attend(&query, &visible, &head.pages(), 0, dimension, scale);

        let span = Span { queries: &query, visible: &visible, pages: &head.pages(), first: 0, dimension, scale, bias: None };
        let scalar = span.attend(Portable);
        prop_assert_eq!(&attended, &scalar);
        for ((query, out), visible) in query.chunks_exact(dimension).zip(rows(&attended)).zip(&visible) {
            for (out, exact) in out.iter().zip(head.exact(query, visible, scale, &[])) {
                prop_assert!((f64::from(*out) - exact).abs() < 2e-5, "{out} {exact}");
            }
            let alone = attend(query, std::slice::from_ref(visible), &head.pages(), 0, dimension, scale);
            prop_assert_eq!(&rows(&alone)[0], &out);
        }
    }

    #[test]
    fn what_a_distance_adds_is_added_to_its_scores(
        columns in 1_usize..4,
        tokens in 1_usize..200,
        queries in 1_usize..20,
        seed in any::<u64>(),
    ) {
        let dimension = columns * LANES;
        let mut random = Random::new(seed);
        let query = random.floats(queries * dimension);
        let head = Head::new(random.floats(tokens * dimension), random.floats(tokens * dimension), dimension);
        let (pages, visible) = (head.pages(), vec![0..tokens; queries]);
        let values = random.floats(queries - 1 + pages.len() * PAGE);
        let bias = RelativeBias { values: &values, origin: queries - 1 };

        let attended = attend_with_bias(&query, &visible, &pages, 0, dimension, 1.0, Some(bias));

        let span = Span { queries: &query, visible: &visible, pages: &pages, first: 0, dimension, scale: 1.0, bias: Some(bias) };
        prop_assert_eq!(&attended, &span.attend(Portable));
        for (index, (query, out)) in query.chunks_exact(dimension).zip(rows(&attended)).enumerate() {
            let own = &values[queries - 1 - index..];
            for (out, exact) in out.iter().zip(head.exact(query, &visible[0], 1.0, own)) {
                prop_assert!((f64::from(*out) - exact).abs() < 2e-5, "{out} {exact}");
            }
            let own = RelativeBias { values: own, origin: 0 };
            let alone = attend_with_bias(query, &visible[..1], &pages, 0, dimension, 1.0, Some(own));
            prop_assert_eq!(&rows(&alone)[0], &out);
        }
    }

    #[test]
    fn spans_that_are_merged_are_close_to_the_whole(
        tokens in 1_usize..600,
        split in 0_usize..10,
        seed in any::<u64>(),
    ) {
        let dimension = 2 * LANES;
        let mut random = Random::new(seed);
        let query = random.floats(3 * dimension);
        let head = Head::new(random.floats(tokens * dimension), random.floats(tokens * dimension), dimension);
        let visible = [0..tokens, tokens / 2..tokens, 0..1];
        let pages = head.pages();
        let split = split.min(pages.len());

        let mut merged = Attended::nothing(3, dimension);
        merged.merge(&attend(&query, &visible, &pages[..split], 0, dimension, 1.0));
        merged.merge(&attend(&query, &visible, &pages[split..], split * PAGE, dimension, 1.0));

        for ((query, out), visible) in query.chunks_exact(dimension).zip(rows(&merged)).zip(&visible) {
            for (out, exact) in out.iter().zip(head.exact(query, visible, 1.0, &[])) {
                prop_assert!((f64::from(*out) - exact).abs() < 2e-5, "{out} {exact}");
            }
        }
        prop_assert_eq!(head.tokens, tokens);
    }

    #[test]
    fn pages_of_other_types_mean_their_values(seed in any::<u64>()) {
        let dimension = LANES;
        let mut random = Random::new(seed);
        let query = random.floats(5 * dimension);
        let visible: Vec<Range<usize>> = (1..6).map(|end| 0..end * 9).collect();
        let at = |keys: &[f32], values: &[f32], page| {
            let f32_page = KvPage::F32 { keys, values };
            let expected = attend(&query, &visible, &[f32_page], 0, dimension, 1.0);
            assert_eq!(attend(&query, &visible, &[page], 0, dimension, 1.0), expected);
        };

        let halves = |values: Vec<f32>| -> Vec<f16> { values.into_iter().map(f16::from_f32).collect() };
        let floats = |values: &[f16]| -> Vec<f32> { values.iter().map(|value| value.to_f32()).collect() };
        let keys = halves(random.floats(PAGE * dimension));
        let values = halves(random.floats(PAGE * dimension));
        at(&floats(&keys), &floats(&values), KvPage::F16 { keys: &keys, values: &values });

        let mut bytes = || -> Vec<i8> { (0..PAGE * dimension).map(|_| random.next() as i8).collect() };
        let (keys, values) = (bytes(), bytes());
        let (key_scales, value_scales) = (random.floats(PAGE), random.floats(PAGE));
        let tile = dimension * LANES;
        let exact_keys: Vec<f32> = keys
            .iter()
            .enumerate()
            .map(|(index, key)| f32::from(*key) * key_scales[index / tile * LANES + index % LANES])
            .collect();
        let exact_values: Vec<f32> = values
            .iter()
            .enumerate()
            .map(|(index, value)| f32::from(*value) * value_scales[index / dimension])
            .collect();
        let page = KvPage::Q8 {
            keys: &keys,
            values: &values,
            key_scales: &key_scales,
            value_scales: &value_scales,
        };
        at(&exact_keys, &exact_values, page);
    }
}

#[test]
fn a_value_that_is_not_a_number_is_not_hidden() {
    let dimension = LANES;
    let mut query = vec![1.0; dimension];
    query[3] = f32::NAN;
    let head = Head::new(vec![1.0; 2 * dimension], vec![1.0; 2 * dimension], dimension);

    let mut attended = attend(&query, &[0..2, 0..0][..1], &head.pages(), 0, dimension, 1.0);
    attended.merge(&Attended::nothing(1, dimension));

    assert!(rows(&attended)[0].iter().all(|value| value.is_nan()));
}
