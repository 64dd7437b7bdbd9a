use std::collections::HashMap;

use super::merge::{Candidate, Piece, merge};
use super::split::Splitter;
use super::vocabulary::Vocabulary;
use crate::{Error, Result};

/// Byte-pair encoding: words are cut out of the text, and within a word the pair that was merged first in
/// training is merged first (Sennrich et al. 2016, arXiv 1508.07909; bytes as in GPT-2).
#[derive(Debug, Clone)]
pub(super) struct BytePair {
    splitter: Splitter,
    merges: HashMap<(u32, u32), Candidate>,
    /// The token of each byte, where words begin as bytes.
    bytes: Option<Box<[Option<u32>; 256]>>,
    /// The byte-fallback tokens, where words begin as characters.
    fallback: Box<[Option<u32>; 256]>,
    whole_words: bool,
    unknown: Option<u32>,
}

/// What a byte-pair encoding is made of.
pub(super) struct BytePairParts<'a> {
    pub(super) splitter: Splitter,
    /// Pairs of bytes, the first-trained first.
    pub(super) merges: Vec<(&'a str, Vec<u8>, Vec<u8>)>,
    /// Whether words begin as bytes; otherwise as characters, with byte fallback.
    pub(super) byte_level: bool,
    /// Whether a word that is a token is not built from merges.
    pub(super) whole_words: bool,
    pub(super) unknown: Option<u32>,
}

impl BytePair {
    pub(super) fn new(parts: BytePairParts<'_>, vocabulary: &Vocabulary) -> Result<Self> {
        let mut merges = HashMap::with_capacity(parts.merges.len());
        let mut joined = Vec::new();
        for (rank, (written, left, right)) in parts.merges.into_iter().enumerate() {
            joined.clear();
            joined.extend_from_slice(&left);
            joined.extend_from_slice(&right);
            let (Some(left), Some(right), Some(id)) =
                (vocabulary.find(&left), vocabulary.find(&right), vocabulary.find(&joined))
            else {
                let message = format!("merge {rank}, `{written}`, names a token that the vocabulary lacks");
                return Err(Error::Tokenizer { message });
            };
            merges.entry((left, right)).or_insert(Candidate { order: rank as f32, id });
        }
        let bytes =
            parts.byte_level.then(|| Box::new(std::array::from_fn(|byte| vocabulary.find(&[byte as u8]))));
        Ok(Self {
            splitter: parts.splitter,
            merges,
            bytes,
            fallback: vocabulary.byte_tokens(),
            whole_words: parts.whole_words,
            unknown: parts.unknown,
        })
    }

    /// Appends the ids of a text without special tokens.
    ///
    /// A byte that the vocabulary cannot express becomes the unknown token, or is left out where there is none.
    pub(super) fn encode(&self, text: &str, vocabulary: &Vocabulary, ids: &mut Vec<u32>) {
        let mut pieces = Vec::new();
        self.splitter.split(text, &mut |word| {
            if self.whole_words
                && let Some(id) = vocabulary.find(word.as_bytes())
            {
                ids.push(id);
                return;
            }
            self.begin(word, vocabulary, &mut pieces);
            merge(&mut pieces, |left, right| self.merges.get(&(left.id, right.id)).copied());
            for piece in &pieces {
                if piece.id == Piece::UNKNOWN {
                    self.spell(&word.as_bytes()[piece.start as usize..piece.end as usize], ids);
                } else {
                    ids.push(piece.id);
                }
            }
        });
    }

    /// The smallest pieces of a word.
    fn begin(&self, word: &str, vocabulary: &Vocabulary, pieces: &mut Vec<Piece>) {
        pieces.clear();
        if let Some(bytes) = &self.bytes {
            pieces.extend((0u32..).zip(word.bytes()).map(|(at, byte)| Piece {
                id: bytes[usize::from(byte)].unwrap_or(Piece::UNKNOWN),
                start: at,
                end: at + 1,
            }));
        } else {
            pieces.extend(word.char_indices().map(|(at, character)| {
                let end = at + character.len_utf8();
                let id = vocabulary.find(&word.as_bytes()[at..end]).unwrap_or(Piece::UNKNOWN);
                Piece { id, start: at as u32, end: end as u32 }
            }));
        }
    }

    fn spell(&self, bytes: &[u8], ids: &mut Vec<u32>) {
        ids.extend(bytes.iter().filter_map(|&byte| self.fallback[usize::from(byte)].or(self.unknown)));
    }
}
