use super::earlier::EarlierAnswers;
use super::model::{DraftModel, Reading};

/// Tokens that a draft model reads at once, for all sequences that generate: as many as of a prompt.
const READ: usize = 128;

/// What the sequences of a model take guesses from, beside their own tokens.
#[derive(Debug)]
pub(in crate::llm::local) struct Speculation<'m> {
    pub(super) earlier: EarlierAnswers,
    model: Option<DraftModel<'m>>,
    /// Sequences that share a pass.
    sharing: usize,
}

impl<'m> Speculation<'m> {
    pub(in crate::llm::local) fn new(model: Option<DraftModel<'m>>) -> Self {
        Self { earlier: EarlierAnswers::default(), model, sharing: 1 }
    }

    /// Forgets everything.
    pub(in crate::llm::local) fn forget(&mut self) {
        self.earlier = EarlierAnswers::default();
        if let Some(model) = &mut self.model {
            model.forget();
        }
    }

    /// Takes note of how many sequences share the next pass.
    pub(in crate::llm::local) fn share(&mut self, sequences: usize) {
        self.sharing = sequences.max(1);
    }

    /// What a token that the draft model guesses takes, in passes of the model. Sequences share those, but not this.
    pub(super) fn cost(&self) -> f64 {
        self.model.as_ref().map_or(0.0, |model| model.cost * self.sharing as f64)
    }

    /// What the draft model guesses, if there is one.
    pub(super) fn ask_model(
        &mut self,
        tokens: &[u32],
        reading: &mut Option<Reading>,
        most: usize,
    ) -> Vec<u32> {
        let Some(model) = &mut self.model else {
            return Vec::new();
        };
        let reading = reading.get_or_insert_with(|| model.begin(tokens));
        model.guess(tokens, reading, READ.div_ceil(self.sharing), most).unwrap_or_else(|error| {
            tracing::warn!(error = %error, "the draft model fails, answers go on without it");
            self.model = None;
            Vec::new()
        })
    }

    /// Remembers the answer that these tokens end with, from `answer` on, and what it was said after.
    pub(super) fn remember(&mut self, tokens: &[u32], answer: usize, reading: Option<&Reading>) {
        self.earlier.remember(tokens, answer);
        if let (Some(model), Some(reading)) = (&mut self.model, reading) {
            model.remember(tokens, reading);
        }
    }
}
