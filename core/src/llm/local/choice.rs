use std::sync::{Arc, OnceLock};

use rushlight_models::{CallSyntax, Tokenizer};

use crate::llm::{Prompt, ToolChoice};

/// What a call begins with, in its proper form or in one that small models fall into.
const BEGINNINGS: [&str; 4] = ["<tool_call>", "```", "{", "[{"];

/// The tokens of a model that begin a call, found once.
#[derive(Debug, Default)]
pub(super) struct ChoiceMaker {
    openings: OnceLock<Arc<[u32]>>,
}

impl ChoiceMaker {
    /// The choice of an answer to a prompt; none where the prompt leaves none.
    pub(super) fn make(&self, tokenizer: &Tokenizer, prompt: &Prompt) -> Option<CallChoice> {
        let is_free = prompt.tool_choice == ToolChoice::Auto && prompt.schema.is_none();
        (is_free && !prompt.tools.is_empty()).then(|| CallChoice {
            openings: Arc::clone(self.openings.get_or_init(|| openings(tokenizer))),
            threshold: prompt.call_threshold,
        })
    }
}

fn openings(tokenizer: &Tokenizer) -> Arc<[u32]> {
    let mark = tokenizer.token_id(CallSyntax::OPENING);
    let begins = |&id: &u32| {
        let text = tokenizer.token_text(id).unwrap_or_default();
        let is_beginning = |mark: &str| text.starts_with(mark) || mark.starts_with(text);
        mark == Some(id) || (!text.is_empty() && BEGINNINGS.into_iter().any(is_beginning))
    };
    (0..tokenizer.vocabulary() as u32).filter(begins).collect()
}

/// The choice between a call and words, which a model makes with the first token of its answer.
#[derive(Debug)]
pub(super) struct CallChoice {
    /// In rising order.
    openings: Arc<[u32]>,
    threshold: Option<f32>,
}

/// How it was made.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Chosen {
    /// How likely the model was to begin a call.
    pub(super) probability: f32,
    pub(super) side: Side,
}

/// What it was made for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Side {
    /// As the sampler takes it.
    Either,
    Call,
    Words,
}

impl CallChoice {
    /// Makes the choice from the logits of the first token, as they come from the model. With a threshold it rules out what
    /// it was made against.
    pub(super) fn make(&self, logits: &mut [f32]) -> Chosen {
        let greatest = logits.iter().copied().fold(f32::NEG_INFINITY, f32::max);
        let share = |logit: f32| f64::from(logit - greatest).exp();
        let all: f64 = logits.iter().map(|&logit| share(logit)).sum();
        let calls: f64 = self.openings.iter().map(|&id| share(logits[id as usize])).sum();
        let probability = (calls / all) as f32;
        let Some(threshold) = self.threshold else {
            return Chosen { probability, side: Side::Either };
        };
        let side = if probability >= threshold { Side::Call } else { Side::Words };
        for (id, logit) in (0_u32..).zip(logits) {
            if self.openings.binary_search(&id).is_ok() != (side == Side::Call) {
                *logit = f32::NEG_INFINITY;
            }
        }
        Chosen { probability, side }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::{CallChoice, Chosen, Side};

    /// Of four tokens the second and the last begin calls, with a quarter and a half of the probability.
    fn chosen(threshold: Option<f32>) -> (Chosen, [bool; 4]) {
        let choice = CallChoice { openings: Arc::new([1, 3]), threshold };
        let mut logits = [1_f32, 2.0, 1.0, 4.0].map(f32::ln);

        let chosen = choice.make(&mut logits);

        (chosen, logits.map(f32::is_finite))
    }

    #[test]
    fn without_a_threshold_the_sampler_decides() {
        let (chosen, left) = chosen(None);

        assert!((chosen.probability - 0.75).abs() < 1e-6);
        assert_eq!(chosen.side, Side::Either);
        assert_eq!(left, [true; 4]);
    }

    #[test]
    fn a_call_is_made_from_the_threshold_on_and_words_below_it() {
        let (call, words) = (chosen(Some(0.7)), chosen(Some(0.8)));

        assert_eq!((call.0.side, call.1), (Side::Call, [false, true, false, true]));
        assert_eq!((words.0.side, words.1), (Side::Words, [true, false, true, false]));
    }
}
