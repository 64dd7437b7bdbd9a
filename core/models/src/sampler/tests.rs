use proptest::prelude::*;

use super::{Sampler, SamplerOptions, SplitMix64};

fn open() -> SamplerOptions {
    SamplerOptions {
        temperature: 1.0,
        top_k: 0,
        top_p: 1.0,
        min_p: 0.0,
        repetition_penalty: 1.0,
        seed: Some(7),
    }
}

fn draws(options: SamplerOptions, logits: &[f32], count: usize) -> Vec<u32> {
    let mut sampler = Sampler::new(options);
    (0..count).map(|_| sampler.sample(&mut logits.to_vec(), &[]).unwrap()).collect()
}

fn chosen(options: SamplerOptions, logits: &[f32]) -> Vec<u32> {
    let mut ids = draws(options, logits, 2000);
    ids.sort_unstable();
    ids.dedup();
    ids
}

/// Pearson's statistic of the draws against softmax(logits / temperature).
fn chi_square(temperature: f32, logits: &[f32]) -> f64 {
    let count = 40_000;
    let weights: Vec<f64> = logits.iter().map(|&logit| f64::from(logit / temperature).exp()).collect();
    let total: f64 = weights.iter().sum();
    let mut seen = vec![0.0; logits.len()];
    for id in draws(SamplerOptions { temperature, ..open() }, logits, count) {
        seen[id as usize] += 1.0;
    }
    let expected = weights.iter().map(|weight| weight / total * count as f64);
    seen.iter().zip(expected).map(|(seen, expected)| (seen - expected).powi(2) / expected).sum()
}

const LOGITS: [f32; 6] = [1.0, 0.5, 0.0, -0.25, 0.75, 0.9];

#[test]
fn draws_follow_the_softmax_at_temperatures_0_3_and_1() {
    // The 99.9th percentile of chi-square with five degrees of freedom.
    assert!(chi_square(1.0, &LOGITS) < 20.5, "{}", chi_square(1.0, &LOGITS));
    assert!(chi_square(0.3, &LOGITS) < 20.5, "{}", chi_square(0.3, &LOGITS));
}

#[test]
fn temperature_0_takes_the_likeliest_and_of_equals_the_lowest_id() {
    let options = SamplerOptions { seed: None, ..SamplerOptions::greedy() };

    assert_eq!(draws(options.clone(), &LOGITS, 3), [0, 0, 0]);
    assert_eq!(draws(options, &[0.0, 2.0, 2.0], 1), [1]);
}

#[test]
fn the_same_seed_gives_the_same_tokens_and_another_seed_others() {
    let other = SamplerOptions { seed: Some(8), ..open() };

    assert_eq!(draws(open(), &LOGITS, 50), draws(open(), &LOGITS, 50));
    assert_ne!(draws(open(), &LOGITS, 50), draws(other, &LOGITS, 50));
}

#[test]
fn without_a_seed_every_sampler_draws_anew() {
    let options = SamplerOptions { seed: None, ..open() };

    assert_ne!(draws(options.clone(), &LOGITS, 50), draws(options, &LOGITS, 50));
}

#[test]
fn the_generator_gives_the_published_numbers() {
    // The reference values for seed 1234567 of the Java SplittableRandom's 64-bit stream.
    let mut random = SplitMix64(1_234_567);

    assert_eq!(
        [random.next(), random.next(), random.next()],
        [6_457_827_717_110_365_317, 3_203_168_211_198_807_973, 9_817_491_932_198_370_423]
    );
}

#[test]
fn top_k_keeps_the_likeliest_and_of_equals_the_lowest_ids() {
    assert_eq!(chosen(SamplerOptions { top_k: 2, ..open() }, &LOGITS), [0, 5]);
    assert_eq!(chosen(SamplerOptions { top_k: 2, ..open() }, &[1.0; 5]), [0, 1]);
}

#[test]
fn top_p_keeps_the_fewest_tokens_that_reach_it() {
    let logits = [0.5f32, 0.3, 0.15, 0.05].map(f32::ln);

    assert_eq!(chosen(SamplerOptions { top_p: 0.79, ..open() }, &logits), [0, 1]);
    assert_eq!(chosen(SamplerOptions { top_p: 0.81, ..open() }, &logits), [0, 1, 2]);
    assert_eq!(chosen(SamplerOptions { top_p: 0.0, ..open() }, &logits), [0]);
}

#[test]
fn top_p_is_a_share_of_what_top_k_left() {
    let logits = [0.4f32, 0.3, 0.2, 0.1].map(f32::ln);

    // Of the first two the first has 57 %: with all four tokens 0.55 would need both.
    assert_eq!(chosen(SamplerOptions { top_p: 0.55, top_k: 2, ..open() }, &logits), [0]);
    assert_eq!(chosen(SamplerOptions { top_p: 0.55, ..open() }, &logits), [0, 1]);
}

#[test]
fn min_p_is_a_share_of_the_likeliest() {
    let logits = [0.5f32, 0.3, 0.15, 0.05].map(f32::ln);

    assert_eq!(chosen(SamplerOptions { min_p: 0.25, ..open() }, &logits), [0, 1, 2]);
    assert_eq!(chosen(SamplerOptions { min_p: 1.0, ..open() }, &logits), [0]);
}

#[test]
fn the_repetition_penalty_makes_recent_tokens_less_likely() {
    let options = SamplerOptions { repetition_penalty: 2.0, ..SamplerOptions::greedy() };
    let mut sampler = Sampler::new(options);

    assert_eq!(sampler.sample(&mut [3.0, 2.0, -1.0], &[0, 0]).unwrap(), 1);
    assert_eq!(sampler.sample(&mut [-1.0, -1.5, -9.0], &[0]).unwrap(), 1);
    assert_eq!(sampler.sample(&mut [3.0, 1.0], &[0, 0, 0, 99]).unwrap(), 0);
}

#[test]
fn logits_without_a_choice_are_errors() {
    let mut sampler = Sampler::new(open());

    let nan = sampler.sample(&mut [0.0, f32::NAN], &[]).unwrap_err().to_string();
    let infinite = sampler.sample(&mut [0.0, f32::INFINITY], &[]).unwrap_err().to_string();

    assert_eq!(nan, "invalid logits: expected numbers, got NaN for token 1");
    assert_eq!(infinite, "invalid logits: expected at least one finite value, got infinity for token 1");
    assert!(sampler.sample(&mut [f32::NEG_INFINITY; 2], &[]).is_err());
    assert!(sampler.sample(&mut [], &[]).is_err());
}

#[test]
fn a_token_that_is_ruled_out_is_never_drawn() {
    assert_eq!(chosen(open(), &[0.0, f32::NEG_INFINITY, 0.0]), [0, 2]);
}

proptest! {
    #[test]
    fn every_filter_leaves_what_sorting_everything_would_leave(
        logits in prop::collection::vec(-4.0f32..4.0, 1..400),
        top_k in 0usize..500,
        top_p in 0.01f32..1.0,
        min_p in 0.0f32..0.5,
        seed: u64,
    ) {
        let options = SamplerOptions { top_k, top_p, min_p, seed: Some(seed), ..open() };
        let mut order: Vec<usize> = (0..logits.len()).collect();
        order.sort_by(|&a, &b| logits[b].total_cmp(&logits[a]).then(a.cmp(&b)));
        order.truncate(if top_k == 0 { logits.len() } else { top_k });
        let weight = |id: usize| f64::from(logits[id] - logits[order[0]]).exp();
        let total: f64 = order.iter().map(|&id| weight(id)).sum();
        let mut sum = 0.0;
        let kept: Vec<usize> = order
            .iter()
            .copied()
            .take_while(|&id| {
                let before = sum;
                sum += weight(id);
                // A little room for rounding at the edges.
                before < f64::from(top_p) * total * 1.000_01 && weight(id) >= f64::from(min_p) * 0.999_99
            })
            .collect();

        for id in draws(options, &logits, 20) {
            prop_assert!(kept.contains(&(id as usize)), "{id} is not one of {kept:?}");
        }
    }
}
