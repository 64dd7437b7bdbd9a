use std::sync::LazyLock;

use regex::Regex;
use tokenizers::normalizers::BertNormalizer;
use tokenizers::{NormalizedString, Normalizer};

use super::vocabulary::Vocabulary;
use crate::{Error, Result};

/// One punctuation mark, or a run of anything else between spaces (BERT, `BasicTokenizer`).
static WORD: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(r"[\p{P}$+<=>^`|~]|[^\s\p{P}$+<=>^`|~]+").expect("the pattern is a constant")
});

/// `WordPiece`: the longest token that begins a word, then the longest that goes on (Wu et al. 2016,
/// arXiv 1609.08144; normalisation as in BERT).
#[derive(Debug, Clone)]
pub(super) struct WordPiece {
    normalizer: BertNormalizer,
    unknown: Option<u32>,
    longest: usize,
}

impl WordPiece {
    /// `lowercase` also strips accents unless `strip_accents` says otherwise.
    pub(super) fn new(
        lowercase: bool,
        strip_accents: Option<bool>,
        unknown: Option<u32>,
        vocabulary: &Vocabulary,
    ) -> Self {
        let longest = vocabulary.ids().filter_map(|id| vocabulary.bytes(id)).map(<[u8]>::len).max();
        Self {
            normalizer: BertNormalizer::new(true, true, strip_accents, lowercase),
            unknown,
            longest: longest.unwrap_or(0),
        }
    }

    /// Appends the ids of a text without special tokens; a word that cannot be pieced together becomes the
    /// unknown token.
    pub(super) fn encode(&self, text: &str, vocabulary: &Vocabulary, ids: &mut Vec<u32>) -> Result<()> {
        let mut normalized = NormalizedString::from(text);
        self.normalizer
            .normalize(&mut normalized)
            .map_err(|error| Error::Tokenizer { message: error.to_string() })?;
        let mut spaced = String::new();
        for word in WORD.find_iter(normalized.get()) {
            spaced.clear();
            spaced.push(' ');
            spaced.push_str(word.as_str());
            let before = ids.len();
            if !self.piece_together(spaced.as_bytes(), vocabulary, ids) {
                ids.truncate(before);
                ids.extend(self.unknown);
            }
        }
        Ok(())
    }

    fn piece_together(&self, mut rest: &[u8], vocabulary: &Vocabulary, ids: &mut Vec<u32>) -> bool {
        while !rest.is_empty() {
            let longest = rest.len().min(self.longest);
            let Some((length, id)) =
                (1..=longest).rev().find_map(|length| Some((length, vocabulary.find(&rest[..length])?)))
            else {
                return false;
            };
            ids.push(id);
            rest = &rest[length..];
        }
        true
    }
}
