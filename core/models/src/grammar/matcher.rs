use toktrie::TokEnv;

use crate::{Error, Result};

/// Where a text is in a grammar.
///
/// It begins at the grammar's start. Tokens that end a generation are allowed where the grammar may end.
pub struct Matcher {
    matcher: llguidance::Matcher,
    vocabulary: TokEnv,
}

impl Matcher {
    pub(super) fn new(matcher: llguidance::Matcher, vocabulary: TokEnv) -> Self {
        Self { matcher, vocabulary }
    }

    /// Another matcher at the same place.
    #[must_use]
    pub fn fork(&self) -> Self {
        Self { matcher: self.matcher.deep_clone(), vocabulary: self.vocabulary.clone() }
    }

    /// Rules out all tokens that cannot come next, by a logit of negative infinity; logits are one per token.
    ///
    /// # Errors
    ///
    /// [`Error::Invalid`] after the end of the grammar, or if the grammar has become too large to go on.
    pub fn mask(&mut self, logits: &mut [f32]) -> Result<()> {
        let allowed = self.matcher.compute_mask().map_err(|error| invalid(&error))?;
        let words = allowed.as_slice();
        for (index, logits) in logits.chunks_mut(32).enumerate() {
            let word = words.get(index).copied().unwrap_or_default();
            if word == u32::MAX {
                continue;
            }
            for (bit, logit) in logits.iter_mut().enumerate() {
                if word & (1 << bit) == 0 {
                    *logit = f32::NEG_INFINITY;
                }
            }
        }
        Ok(())
    }

    /// Takes the next token.
    ///
    /// # Errors
    ///
    /// [`Error::Invalid`] for a token that cannot come next.
    pub fn accept(&mut self, token: u32) -> Result<()> {
        self.matcher.consume_token(token).map_err(|error| invalid(&error))
    }

    /// Takes text, however it was cut into tokens. False if it cannot come next; then the matcher is of no use any more.
    pub fn accept_text(&mut self, text: &str) -> bool {
        let tokens = self.vocabulary.tok_trie().greedy_tokenize(text.as_bytes());
        matches!(self.matcher.try_consume_tokens(&tokens), Ok(taken) if taken == tokens.len())
    }

    /// The tokens that must come next, as far as that is certain, in the tokenizer's own way of cutting text. They are
    /// not taken yet.
    pub fn forced_tokens(&mut self) -> Vec<u32> {
        if self.is_complete() { Vec::new() } else { self.matcher.compute_ff_tokens() }
    }

    /// Whether the text fits, and nothing can follow.
    pub fn is_complete(&self) -> bool {
        self.matcher.is_stopped()
    }

    /// Whether the text fits as it is; more may follow.
    pub fn may_end(&mut self) -> bool {
        self.is_complete() || self.matcher.is_accepting().unwrap_or(false)
    }
}

impl std::fmt::Debug for Matcher {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.debug_struct("Matcher").field("is_complete", &self.is_complete()).finish_non_exhaustive()
    }
}

fn invalid(error: &dyn std::fmt::Display) -> Error {
    Error::invalid("text under a grammar", first_line(error))
}

/// What an error says, without the state that follows it.
pub(super) fn first_line(error: &dyn std::fmt::Display) -> String {
    let text = error.to_string();
    text.split("\n<").next().unwrap_or_default().trim().replace('\n', ": ")
}
