//! What a walk along the masks says fits the grammar, in every kind of vocabulary.

mod calls;
mod schemas;

use std::sync::LazyLock;

use rushlight_models::{Gguf, Grammar, Grammars, Matcher, Tokenizer};

use crate::support::{model, vocabulary};

/// A tokenizer and the grammars of its vocabulary.
pub(crate) struct Speaker {
    pub(crate) tokenizer: Tokenizer,
    pub(crate) grammars: Grammars,
}

impl Speaker {
    fn new(tokenizer: Tokenizer) -> Self {
        Self { grammars: Grammars::new(&tokenizer).unwrap(), tokenizer }
    }

    pub(crate) fn start(&self, grammar: &Grammar) -> Matcher {
        self.grammars.compile(grammar).unwrap()
    }

    /// Whether each token may come next.
    pub(crate) fn allowed(&self, matcher: &mut Matcher) -> Vec<bool> {
        let mut logits = vec![0.0; self.tokenizer.vocabulary()];
        matcher.mask(&mut logits).unwrap();
        logits.iter().map(|logit| logit.is_finite()).collect()
    }

    /// The tokens of a random walk, which takes what is forced as it comes and prefers what closes brackets and quotes.
    pub(crate) fn walk(&self, matcher: &mut Matcher, seed: u64) -> Vec<u32> {
        let mut random = Random(seed);
        let mut said = Vec::new();
        while !matcher.is_complete() {
            let forced = matcher.forced_tokens();
            if !forced.is_empty() {
                for &token in &forced {
                    matcher.accept(token).unwrap();
                }
                said.extend(forced);
                continue;
            }
            let allowed = self.allowed(matcher);
            let ids = (0..).zip(&allowed).filter(|(_, allowed)| **allowed).map(|(id, _)| id);
            let (ends, tokens): (Vec<u32>, Vec<u32>) = ids.partition(|&id| self.tokenizer.is_end(id));
            if tokens.is_empty() || (!ends.is_empty() && random.below(2) == 0) {
                assert!(matcher.may_end());
                return said;
            }
            let closing = |id: &u32| {
                let bytes = self.tokenizer.token_bytes(*id).unwrap();
                bytes.iter().any(|byte| b"\"}],:".contains(byte))
            };
            let closers: Vec<u32> = tokens.iter().copied().filter(closing).collect();
            let from = if !closers.is_empty() && random.below(3) > 0 { &closers } else { &tokens };
            let token = from[random.below(from.len())];
            matcher.accept(token).unwrap();
            said.push(token);
            assert!(said.len() < 5000, "the walk finds no end: {}", self.text(&said));
        }
        assert!(matcher.may_end());
        said
    }

    /// The bytes of the tokens, which must be text.
    pub(crate) fn text(&self, tokens: &[u32]) -> String {
        let bytes = tokens.iter().flat_map(|&id| self.tokenizer.token_bytes(id).unwrap()).copied();
        String::from_utf8(bytes.collect()).unwrap()
    }
}

/// The next numbers of a small generator (Knuth's linear congruence for 64 bits).
struct Random(u64);

impl Random {
    fn below(&mut self, bound: usize) -> usize {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) as usize % bound
    }
}

/// Byte-pair encoding of bytes.
pub(crate) static GPT2: LazyLock<Speaker> = LazyLock::new(|| Speaker::new(vocabulary("gpt-2")));
/// `SentencePiece` with byte fallback.
pub(crate) static PHI3: LazyLock<Speaker> = LazyLock::new(|| Speaker::new(vocabulary("phi-3")));
/// With `<tool_call>` as a token.
pub(crate) static QWEN: LazyLock<Speaker> = LazyLock::new(|| {
    let path = model("Qwen2.5-Coder-0.5B-Instruct/qwen2.5-coder-0.5b-instruct-q4_k_m.gguf");
    Speaker::new(Tokenizer::from_gguf(&Gguf::open(&path).unwrap()).unwrap())
});
