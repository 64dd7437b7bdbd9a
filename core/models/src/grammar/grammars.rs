use std::fmt;
use std::sync::Arc;

use llguidance::ParserFactory;
use llguidance::api::{ParserLimits, TopLevelGrammar};
use llguidance::earley::SlicedBiasComputer;
use toktrie::{InferenceCapabilities, TokEnv};

use super::matcher::{Matcher, first_line};
use super::source::Grammar;
use super::vocabulary::Vocabulary;
use crate::{Error, Result, Tokenizer};

/// Bytes of the source of a grammar, all its schemas included.
const MAX_SOURCE: usize = 1 << 20;

/// Compiles grammars for one vocabulary.
///
/// Making it takes time in proportion to the vocabulary; it is made once for a model and shared by reference.
pub struct Grammars {
    factory: ParserFactory,
}

impl Grammars {
    /// For the vocabulary of a tokenizer.
    ///
    /// # Errors
    ///
    /// [`Error::Tokenizer`] for a vocabulary that cannot be arranged.
    pub fn new(tokenizer: &Tokenizer) -> Result<Self> {
        let vocabulary: TokEnv = Arc::new(Vocabulary::new(tokenizer));
        let abilities = InferenceCapabilities { ff_tokens: true, ..InferenceCapabilities::default() };
        let slices = SlicedBiasComputer::general_slices();
        let factory = ParserFactory::new(&vocabulary, abilities, &slices);
        let mut factory = factory
            .map_err(|error| Error::Tokenizer { message: format!("vocabulary of grammars: {error}") })?;
        factory.quiet();
        *factory.limits_mut() = limits();
        Ok(Self { factory })
    }

    /// A matcher at the start of a grammar.
    ///
    /// # Errors
    ///
    /// [`Error::Invalid`] names the part that says something impossible, or more than fits the bounds: 1 MiB of source,
    /// and an amount of work. That is counted, not timed, so that a grammar is always compiled or never.
    pub fn compile(&self, grammar: &Grammar) -> Result<Matcher> {
        let bytes = grammar.source().len();
        if bytes > MAX_SOURCE {
            let message = format!("expected at most {MAX_SOURCE} bytes in all schemas, got {bytes}");
            return Err(Error::invalid("grammar", message));
        }
        self.parse(grammar.source()).map_err(|error| {
            let culprit = grammar.parts().find_map(|(name, source)| Some((name, self.parse(source).err()?)));
            let (name, error) = culprit.unwrap_or(("grammar", error));
            Error::invalid(name, format!("expected one that text can be held to, got: {error}"))
        })
    }

    fn parse(&self, source: &str) -> Result<Matcher, String> {
        let grammar = TopLevelGrammar::from_lark(source.to_owned());
        let matcher = llguidance::Matcher::new(self.factory.create_parser(grammar));
        match matcher.get_error() {
            Some(error) => Err(first_line(&error)),
            None => Ok(Matcher::new(matcher, Arc::clone(self.factory.tok_env()))),
        }
    }
}

impl fmt::Debug for Grammars {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("Grammars").finish_non_exhaustive()
    }
}

fn limits() -> ParserLimits {
    ParserLimits {
        // 50 000 of these take a millisecond.
        initial_lexer_fuel: 5_000_000,
        max_grammar_size: 250_000,
        // About 50 MB for one generation.
        max_lexer_states: 50_000,
        precompute_large_lexemes: false,
        verbose_errors: false,
        ..ParserLimits::default()
    }
}
