use rushlight_models::{Error, KvCache, LanguageModel, Step};

use super::counters::Counters;

/// Tokens of a prompt in one pass: a dropped stream is noticed after that many at the latest.
const PREFILL: usize = 128;

/// The tokens that the model has computed, with their keys and values. They stay after a generation, so that
/// the next one need not compute what it has in common with it.
#[derive(Debug)]
pub(super) struct Sequence {
    cache: KvCache,
    tokens: Vec<u32>,
}

impl Sequence {
    pub(super) fn new(model: &LanguageModel) -> Self {
        Self { cache: model.new_cache(), tokens: Vec::new() }
    }

    /// Keeps what is also the beginning of `prompt` and gives its length, always less than the prompt's: the
    /// logits of its last token are yet to be computed.
    pub(super) fn keep_common(&mut self, prompt: &[u32]) -> usize {
        let pairs = self.tokens.iter().zip(&prompt[..prompt.len().saturating_sub(1)]);
        let common = pairs.take_while(|(held, wanted)| held == wanted).count();
        self.cache.truncate(common);
        self.tokens.truncate(common);
        common
    }

    /// Computes a prompt, of which the first tokens are held already, in short passes; gives the last
    /// token's logits, or none once `is_cancelled`.
    pub(super) fn prefill(
        &mut self,
        model: &LanguageModel,
        counters: &Counters,
        prompt: &[u32],
        is_cancelled: impl Fn() -> bool,
    ) -> Result<Option<Vec<f32>>, Error> {
        while self.tokens.len() + PREFILL < prompt.len() {
            if is_cancelled() {
                return Ok(None);
            }
            let start = self.tokens.len();
            let part = &prompt[start..start + PREFILL];
            model.forward(&mut [Step::fill(part, &mut self.cache)])?;
            self.computed(part, counters);
            counters.prompt_tokens.add(part.len());
        }
        if is_cancelled() {
            return Ok(None);
        }
        let rest = prompt[self.tokens.len()..].to_vec();
        counters.prompt_tokens.add(rest.len());
        self.append(model, counters, &rest).map(Some)
    }

    /// Computes the next tokens; gives the last one's logits.
    pub(super) fn append(
        &mut self,
        model: &LanguageModel,
        counters: &Counters,
        tokens: &[u32],
    ) -> Result<Vec<f32>, Error> {
        let logits = model.forward(&mut [Step::new(tokens, &mut self.cache)])?;
        self.computed(tokens, counters);
        Ok(logits.into_iter().next().expect("one step gives one row of logits"))
    }

    fn computed(&mut self, tokens: &[u32], counters: &Counters) {
        self.tokens.extend_from_slice(tokens);
        counters.forward_passes.add(1);
    }
}
