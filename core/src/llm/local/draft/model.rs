use rushlight_models::{
    Error, KvCache, LanguageModel, PrefixTree, Sampler, SamplerOptions, Step, StepLogits,
};

use crate::llm::local::counters::Counters;

/// A small model that guesses what a larger one with the same vocabulary says (speculative decoding; Leviathan et al. 2023,
/// arXiv 2211.17192). It guesses for one sequence after the other, the likeliest token each time.
///
/// Its keys and values have a budget of their own. What sequences begin with is kept within it; where it is too small for
/// one, there are no guesses.
#[derive(Debug)]
pub(in crate::llm::local) struct DraftModel<'m> {
    model: &'m LanguageModel,
    counters: &'m Counters,
    tree: PrefixTree,
    /// The tokens that both models know.
    vocabulary: usize,
    /// What a pass of it takes, in passes of the larger one: both read all of their weights.
    pub(super) cost: f64,
}

/// What a draft model has read of one sequence.
#[derive(Debug)]
pub(super) struct Reading {
    cache: KvCache,
    /// How many of the cache's tokens are the sequence's; guesses that nobody has verified follow.
    sure: usize,
}

impl Reading {
    /// Keeps so many of the last guesses.
    pub(super) fn keep(&mut self, right: usize) {
        self.sure = (self.sure + right).min(self.cache.len());
    }
}

impl<'m> DraftModel<'m> {
    /// `model` guesses for `larger`, which has the same vocabulary.
    pub(in crate::llm::local) fn new(
        model: &'m LanguageModel,
        larger: &LanguageModel,
        counters: &'m Counters,
    ) -> Self {
        Self {
            model,
            counters,
            tree: PrefixTree::new(model),
            vocabulary: larger.tokenizer().vocabulary().min(model.info().vocabulary),
            cost: model.info().size_bytes as f64 / larger.info().size_bytes as f64,
        }
    }

    /// Forgets what it knows of sequences.
    pub(super) fn forget(&mut self) {
        self.tree = PrefixTree::new(self.model);
    }

    /// Begins to read a sequence with what it knows of it.
    pub(super) fn begin(&mut self, tokens: &[u32]) -> Reading {
        let cache = self.tree.find(&tokens[..tokens.len() - 1]);
        Reading { sure: cache.len(), cache }
    }

    /// Keeps what was read of these tokens for sequences that begin alike.
    pub(super) fn remember(&mut self, tokens: &[u32], reading: &Reading) {
        let mut cache = reading.cache.clone();
        cache.truncate(reading.sure);
        self.tree.insert(tokens, &cache);
    }

    /// What may follow `tokens`, at most `most`; nothing while it is more than `rows` tokens behind, of which it reads so
    /// many.
    pub(super) fn guess(
        &mut self,
        tokens: &[u32],
        reading: &mut Reading,
        rows: usize,
        most: usize,
    ) -> Result<Vec<u32>, Error> {
        let Reading { cache, sure } = reading;
        cache.truncate(*sure);
        let info = self.model.info();
        let most = most.min(info.context_length.saturating_sub(tokens.len()));
        let rest = &tokens[cache.len()..];
        let is_known = rest.iter().all(|&token| (token as usize) < info.vocabulary);
        let mut guess = Vec::new();
        if most == 0 || !is_known || !self.tree.make_room(cache.growth_bytes(rest.len() + most)) {
            return Ok(guess);
        }
        if rest.len() > rows {
            self.pass(Step::fill(&rest[..rows], cache))?;
            *sure = cache.len();
            return Ok(guess);
        }
        let mut next = self.likeliest(rest, cache)?;
        *sure = cache.len();
        while !self.model.tokenizer().is_end(next) {
            guess.push(next);
            if guess.len() == most {
                break;
            }
            next = self.likeliest(&[next], cache)?;
        }
        Ok(guess)
    }

    /// The likeliest token after these.
    fn likeliest(&self, tokens: &[u32], cache: &mut KvCache) -> Result<u32, Error> {
        let mut logits = self.pass(Step::new(tokens, cache))?;
        Sampler::new(SamplerOptions::greedy()).sample(&mut logits[..self.vocabulary], &[])
    }

    fn pass(&self, step: Step<'_>) -> Result<StepLogits, Error> {
        self.counters.draft_passes.add(1);
        let mut logits = self.model.forward(&mut [step])?;
        Ok(logits.pop().expect("a step has its logits"))
    }
}

#[cfg(test)]
mod tests {
    use rushlight_models::hub::Hub;
    use rushlight_models::{LanguageModel, LoadOptions, Special};

    use super::{Counters, DraftModel};

    const TEXT: &str = "The capital of France is Paris. The capital of Italy is";

    fn model(context: Option<usize>, kv_budget: Option<usize>) -> LanguageModel {
        let path = Hub::new().unwrap().resolve("SmolLM2-135M-Instruct").unwrap().path;
        let mut options = LoadOptions::default();
        (options.context, options.kv_budget) = (context, kv_budget);
        LanguageModel::open(&path, &options).unwrap()
    }

    #[test]
    fn guesses_do_not_depend_on_how_a_sequence_was_read() {
        let (model, counters) = (model(None, None), Counters::default());
        let mut draft = DraftModel::new(&model, &model, &counters);
        let mut tokens = model.tokenizer().encode(TEXT, Special::Text).unwrap();
        let mut at_once = draft.begin(&tokens);
        let all = draft.guess(&tokens, &mut at_once, 100, 6).unwrap();

        let mut parts = draft.begin(&tokens);
        let mut behind = 0;
        while draft.guess(&tokens, &mut parts, 4, 3).unwrap().is_empty() {
            behind += 1;
        }
        assert_eq!(behind, tokens.len().div_ceil(4) - 1);
        // Two guesses are right, the third is another token.
        tokens.extend([all[0], all[1], all[2] + 1]);
        parts.keep(2);
        let again = draft.guess(&tokens, &mut parts, 4, 4).unwrap();
        let mut fresh = draft.begin(&tokens);

        assert_eq!(all.len(), 6);
        assert_eq!(again, draft.guess(&tokens, &mut fresh, 100, 4).unwrap(), "wrong guesses are forgotten");
        draft.remember(&tokens, &fresh);
        let known = draft.begin(&tokens);
        assert_eq!(known.sure, tokens.len() - 1, "what was read is known to the next sequence");
    }

    #[test]
    fn without_room_or_context_nothing_is_guessed() {
        let (roomy, counters) = (model(None, None), Counters::default());
        let tokens = roomy.tokenizer().encode(&TEXT.repeat(8), Special::Text).unwrap();
        let (short, narrow) = (model(Some(tokens.len() + 2), None), model(None, Some(64 * 23_040)));
        let guess = |model: &LanguageModel| {
            let mut draft = DraftModel::new(model, &roomy, &counters);
            let mut reading = draft.begin(&tokens);
            draft.guess(&tokens, &mut reading, 1000, 6).unwrap().len()
        };

        assert!(tokens.len() > 64, "more than a page");
        assert_eq!((guess(&roomy), guess(&short), guess(&narrow)), (6, 2, 0));
    }
}
