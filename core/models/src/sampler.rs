use std::cmp::Ordering;
use std::hash::{BuildHasher, Hasher, RandomState};

use rushlight_kernels::greatest;

use crate::{Error, Result};

/// How the next token is chosen.
///
/// The filters apply in the order of the fields: penalty, temperature, top-k, top-p, min-p.
#[derive(Debug, Clone, PartialEq)]
pub struct SamplerOptions {
    /// Divides the positive logits of recent tokens and multiplies the negative ones. 1, the default, or anything
    /// that is not above 0, is off.
    pub repetition_penalty: f32,
    /// Divides the logits. 0 (and anything that is not above 0) takes the likeliest token. Default 0.3.
    pub temperature: f32,
    /// Keeps the k likeliest tokens; 0 keeps all. Default 40.
    pub top_k: usize,
    /// Keeps the fewest likeliest tokens whose probabilities sum to this. Default 0.95; 1 keeps all.
    pub top_p: f32,
    /// Drops tokens less likely than this share of the likeliest one. Default 0.05; 0 keeps all.
    pub min_p: f32,
    /// Seed of the random choice: the same seed and logits give the same tokens. Default: drawn anew.
    pub seed: Option<u64>,
}

impl Default for SamplerOptions {
    fn default() -> Self {
        Self { repetition_penalty: 1.0, temperature: 0.3, top_k: 40, top_p: 0.95, min_p: 0.05, seed: None }
    }
}

impl SamplerOptions {
    /// Always the likeliest token.
    pub fn greedy() -> Self {
        Self { temperature: 0.0, ..Self::default() }
    }
}

/// Chooses tokens for one sequence.
#[derive(Debug, Clone)]
pub struct Sampler {
    options: SamplerOptions,
    random: SplitMix64,
    candidates: Vec<Candidate>,
    penalised: Vec<u32>,
}

/// A token that may still be chosen.
#[derive(Debug, Clone, Copy)]
struct Candidate {
    id: u32,
    /// First its logit, then its probability relative to the likeliest token.
    weight: f32,
}

impl Candidate {
    /// The likelier first, of equals the lower id.
    fn order(self, other: Self) -> Ordering {
        other.weight.total_cmp(&self.weight).then(self.id.cmp(&other.id))
    }
}

impl Sampler {
    /// A sampler of these options.
    pub fn new(options: SamplerOptions) -> Self {
        let seed = options.seed.unwrap_or_else(|| RandomState::new().build_hasher().finish());
        Self { options, random: SplitMix64(seed), candidates: Vec::new(), penalised: Vec::new() }
    }

    /// Chooses a token by its logit, one per id; the logits are changed. `recent` are the tokens that the
    /// repetition penalty applies to, each once, however often it occurs.
    ///
    /// A logit of negative infinity rules a token out. NaN, positive infinity and the case that every token is
    /// ruled out are errors.
    pub fn sample(&mut self, logits: &mut [f32], recent: &[u32]) -> Result<u32> {
        self.penalise(logits, recent);
        let best = likeliest(logits)?;
        // NaN is greedy as well.
        let warm = self.options.temperature > 0.0;
        if !warm || self.options.top_k == 1 {
            return Ok(best.id);
        }
        self.keep_top_k(logits);
        let scale = 1.0 / f64::from(self.options.temperature);
        let mut total = 0.0;
        for candidate in &mut self.candidates {
            let share = ((f64::from(candidate.weight) - f64::from(best.weight)) * scale).exp();
            total += share;
            candidate.weight = share as f32;
        }
        let min_p = self.options.min_p;
        if min_p > 0.0 {
            // At least the likeliest stays.
            let floor = min_p.min(1.0);
            self.candidates.retain(|candidate| candidate.weight >= floor);
        }
        if self.options.top_p < 1.0 {
            self.keep_top_p(f64::from(self.options.top_p) * total);
        }
        Ok(self.draw().unwrap_or(best.id))
    }

    fn penalise(&mut self, logits: &mut [f32], recent: &[u32]) {
        let penalty = self.options.repetition_penalty;
        let off =
            penalty.partial_cmp(&0.0) != Some(Ordering::Greater) || (penalty - 1.0).abs() < f32::EPSILON;
        if off || recent.is_empty() {
            return;
        }
        self.penalised.clear();
        self.penalised.extend_from_slice(recent);
        self.penalised.sort_unstable();
        self.penalised.dedup();
        for &id in &self.penalised {
            if let Some(logit) = logits.get_mut(id as usize) {
                *logit = if *logit > 0.0 { *logit / penalty } else { *logit * penalty };
            }
        }
    }

    /// Collects the candidates with their logits.
    fn keep_top_k(&mut self, logits: &[f32]) {
        self.candidates.clear();
        let possible = (0u32..).zip(logits).filter(|&(_, &logit)| logit > f32::NEG_INFINITY);
        self.candidates.extend(possible.map(|(id, &weight)| Candidate { id, weight }));
        let k = self.options.top_k;
        if k > 0 && k < self.candidates.len() {
            self.candidates.select_nth_unstable_by(k - 1, |a, b| a.order(*b));
            self.candidates.truncate(k);
            // The selection leaves an order that is no promise of the standard library.
            self.candidates.sort_unstable_by_key(|candidate| candidate.id);
        }
    }

    /// Keeps the fewest likeliest candidates whose weights sum to `wanted`, at least one.
    ///
    /// Only as many are sorted as are needed: the likeliest 64, then four times as many, and so on.
    fn keep_top_p(&mut self, wanted: f64) {
        let (mut sorted, mut sum) = (0, 0.0);
        let mut step = 64;
        while sorted < self.candidates.len() {
            let rest = &mut self.candidates[sorted..];
            let take = step.min(rest.len());
            if take < rest.len() {
                rest.select_nth_unstable_by(take - 1, |a, b| a.order(*b));
            }
            rest[..take].sort_unstable_by(|a, b| a.order(*b));
            for candidate in &rest[..take] {
                sorted += 1;
                sum += f64::from(candidate.weight);
                if sum >= wanted {
                    self.candidates.truncate(sorted);
                    return;
                }
            }
            step *= 4;
        }
    }

    fn draw(&mut self) -> Option<u32> {
        let total: f64 = self.candidates.iter().map(|candidate| f64::from(candidate.weight)).sum();
        let mut left = self.random.uniform() * total;
        for candidate in &self.candidates {
            left -= f64::from(candidate.weight);
            if left < 0.0 {
                return Some(candidate.id);
            }
        }
        // Rounding may leave a crumb.
        self.candidates.last().map(|candidate| candidate.id)
    }
}

/// The token with the highest logit, of equals the lowest id.
fn likeliest(logits: &[f32]) -> Result<Candidate> {
    let weight = greatest(logits);
    let is_it = |logit: &f32| *logit >= weight || logit.is_nan();
    let id = logits.iter().position(is_it).unwrap_or_default() as u32;
    if weight.is_nan() {
        return Err(Error::invalid("logits", format!("expected numbers, got NaN for token {id}")));
    }
    if !weight.is_finite() {
        let found = if weight > 0.0 { format!("infinity for token {id}") } else { "none".to_owned() };
        return Err(Error::invalid("logits", format!("expected at least one finite value, got {found}")));
    }
    Ok(Candidate { id, weight })
}

/// A small generator whose numbers stay the same for ever (Steele, Lea and Flood 2014, "Fast splittable
/// pseudorandom number generators", the variant with the constants of Stafford's mix 13).
#[derive(Debug, Clone)]
struct SplitMix64(u64);

impl SplitMix64 {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    /// From 0 to below 1, in steps of 2⁻⁵³.
    fn uniform(&mut self) -> f64 {
        (self.next() >> 11) as f64 / (1u64 << 53) as f64
    }
}

#[cfg(test)]
mod tests;
