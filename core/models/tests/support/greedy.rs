//! Compares greedy generation with a recorded reference, step by step.

use rushlight_models::{KvCache, LanguageModel, Result, Step};
use serde::Deserialize;

/// The reference's gap, or ours, below which either token is right: other kernels round otherwise.
pub(crate) const TIE: f32 = 0.05;

/// What `greedy.json` holds.
#[derive(Debug, Deserialize)]
pub(crate) struct Reference {
    /// The program that was recorded, with its version.
    pub reference: String,
    /// One for each model file.
    pub(crate) models: Vec<ModelReference>,
}

/// The cases of one model.
#[derive(Debug, Deserialize)]
pub(crate) struct ModelReference {
    /// The name of the model's directory.
    pub(crate) model: String,
    /// The name of its file.
    pub file: String,
    /// Where exact arithmetic prefers another token than the reference.
    pub exact: Vec<ExactDivergence>,
    /// The prompts.
    pub cases: Vec<Case>,
}

/// One prompt and what the reference made of it.
#[derive(Debug, Deserialize)]
pub(crate) struct Case {
    /// A short name.
    #[serde(rename = "case")]
    pub name: String,
    /// The text, special tokens included.
    pub prompt: String,
    /// Its tokens.
    pub prompt_ids: Vec<u32>,
    /// The tokens that the reference generated.
    pub ids: Vec<u32>,
    /// The difference of the two greatest logits at each step.
    pub gaps: Vec<f32>,
}

/// A step at which the reference's token is not the likeliest one if nothing is rounded below single precision.
#[derive(Debug, Deserialize)]
pub(crate) struct ExactDivergence {
    case: String,
    step: usize,
    /// The likeliest token.
    id: u32,
}

/// A step at which our greatest logit is another token's.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Divergence {
    /// The case.
    pub case: String,
    /// The step, from 0.
    pub step: usize,
    /// The reference's token and the difference of its two greatest logits.
    pub expected: (u32, f32),
    /// Our token and the difference of our two greatest logits.
    pub found: (u32, f32),
}

impl Divergence {
    /// Whether both tokens are as good as equal.
    pub(crate) fn is_tie(&self) -> bool {
        self.gap() < TIE
    }

    /// Whether our token is the one of exact arithmetic.
    pub(crate) fn is_exact(&self, reference: &ModelReference) -> bool {
        reference
            .exact
            .iter()
            .any(|exact| (&exact.case, exact.step, exact.id) == (&self.case, self.step, self.found.0))
    }

    /// How far apart the two tokens' logits are for the one that saw the least between them.
    pub(crate) fn gap(&self) -> f32 {
        self.expected.1.min(self.found.1)
    }
}

/// What a comparison found.
#[derive(Debug, Default)]
pub(crate) struct Comparison {
    /// The steps that were compared.
    pub steps: usize,
    /// Those that differ.
    pub divergences: Vec<Divergence>,
}

/// Feeds all cases the reference's tokens, in one batch, and compares the greatest logit of every step: so a
/// divergence does not hide the steps after it.
pub(crate) fn compare(model: &LanguageModel, cases: &[&Case]) -> Result<Comparison> {
    let mut caches: Vec<KvCache> = cases.iter().map(|_| model.new_cache()).collect();
    let mut comparison = Comparison::default();
    let longest = cases.iter().map(|case| case.ids.len()).max().unwrap_or(0);
    for step in 0..longest {
        let running: Vec<&Case> = cases.iter().copied().filter(|case| step < case.ids.len()).collect();
        let mut steps: Vec<Step<'_>> = cases
            .iter()
            .zip(&mut caches)
            .filter(|(case, _)| step < case.ids.len())
            .map(|(case, cache)| {
                let tokens = if step == 0 { &case.prompt_ids[..] } else { &case.ids[step - 1..step] };
                Step::new(tokens, cache)
            })
            .collect();
        for (case, logits) in running.into_iter().zip(model.forward(&mut steps)?) {
            comparison.steps += 1;
            let found = greatest(&logits);
            let expected = (case.ids[step], case.gaps[step]);
            if found.0 != expected.0 {
                comparison.divergences.push(Divergence { case: case.name.clone(), step, expected, found });
            }
        }
    }
    Ok(comparison)
}

/// The token of the greatest logit and its distance from the second.
fn greatest(logits: &[f32]) -> (u32, f32) {
    let (mut token, mut first, mut second) = (0, f32::NEG_INFINITY, f32::NEG_INFINITY);
    for (index, &logit) in logits.iter().enumerate() {
        if logit > first {
            (token, second, first) = (index as u32, first, logit);
        } else if logit > second {
            second = logit;
        }
    }
    (token, first - second)
}
