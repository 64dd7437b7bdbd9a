use toktrie::{INVALID_TOKEN, TokRxInfo, TokTrie, TokenizerEnv};

use crate::Tokenizer;

/// Bytes of a token above which the trie has no place for it.
const LONGEST_TOKEN: usize = 1000;

/// The tokens of a tokenizer as a trie of their bytes.
///
/// Control and unknown tokens begin with a byte that no text has, so that only a grammar that names them allows them.
/// Tokens that stand for nothing have no bytes, and are never allowed.
pub(super) struct Vocabulary {
    tokenizer: Tokenizer,
    trie: TokTrie,
}

impl Vocabulary {
    pub(super) fn new(tokenizer: &Tokenizer) -> Self {
        let bytes = |id| {
            let bytes = tokenizer.token_bytes(id).filter(|bytes| bytes.len() <= LONGEST_TOKEN);
            match bytes {
                Some(bytes) if tokenizer.is_control(id) => [&[TokTrie::SPECIAL_TOKEN_MARKER], bytes].concat(),
                Some(bytes) if !tokenizer.is_unused(id) => bytes.to_vec(),
                _ => Vec::new(),
            }
        };
        let words: Vec<Vec<u8>> = (0..tokenizer.vocabulary() as u32).map(bytes).collect();
        let trie = TokTrie::from(&TokRxInfo::new(words.len() as u32, INVALID_TOKEN), &words);
        let trie = match tokenizer.ends() {
            [] => trie,
            ends => trie.with_eos_tokens(ends),
        };
        Self { tokenizer: tokenizer.clone(), trie }
    }

    /// The tokens of a text that goes on, if together they are its bytes.
    fn tokens(&self, text: &str) -> Option<Vec<u32>> {
        let tokens = self.tokenizer.encode_inside(text).ok()?;
        let bytes = tokens.iter().filter_map(|&token| self.tokenizer.token_bytes(token)).flatten();
        bytes.eq(text.as_bytes()).then_some(tokens)
    }
}

impl TokenizerEnv for Vocabulary {
    fn tok_trie(&self) -> &TokTrie {
        &self.trie
    }

    /// As the tokenizer does it, so that the model sees what is forced as it saw it in training.
    fn tokenize_bytes(&self, bytes: &[u8]) -> Vec<u32> {
        // What is forced may end within a code point.
        let valid = match std::str::from_utf8(bytes) {
            Ok(_) => bytes.len(),
            Err(error) => error.valid_up_to(),
        };
        let (text, rest) = bytes.split_at(valid);
        let text = std::str::from_utf8(text).expect("it ends where it is no longer UTF-8");
        let mut tokens = self.tokens(text).unwrap_or_else(|| self.trie.greedy_tokenize(text.as_bytes()));
        tokens.extend(self.trie.greedy_tokenize(rest));
        tokens
    }
}
