use super::merge::{Candidate, Piece, merge};
use super::vocabulary::Vocabulary;

/// The byte-pair model: of all neighbours that together are a token, those with the highest score
/// are merged first; what is no token in the end is spelt in bytes (Kudo and Richardson 2018, arXiv 1808.06226).
#[derive(Debug, Clone)]
pub(super) struct SentencePiece {
    scores: Vec<f32>,
    fallback: Box<[Option<u32>; 256]>,
    unknown: Option<u32>,
    space_prefix: bool,
}

impl SentencePiece {
    /// `scores` by id; `space_prefix` puts a space before each stretch of text that follows nothing or a
    /// special token.
    pub(super) fn new(
        scores: Vec<f32>,
        unknown: Option<u32>,
        space_prefix: bool,
        vocabulary: &Vocabulary,
    ) -> Self {
        Self { scores, fallback: vocabulary.byte_tokens(), unknown, space_prefix }
    }

    /// Appends the ids of a text without special tokens; `first` says that nothing or a special token comes
    /// before it.
    pub(super) fn encode(&self, text: &str, first: bool, vocabulary: &Vocabulary, ids: &mut Vec<u32>) {
        let prefixed;
        let text = if first && self.space_prefix && !text.is_empty() {
            prefixed = format!(" {text}");
            &prefixed
        } else {
            text
        };
        let bytes = text.as_bytes();
        let slice = |start: u32, end: u32| &bytes[start as usize..end as usize];
        let mut pieces: Vec<Piece> = text
            .char_indices()
            .map(|(at, character)| {
                let (start, end) = (at as u32, (at + character.len_utf8()) as u32);
                Piece { id: vocabulary.find(slice(start, end)).unwrap_or(Piece::UNKNOWN), start, end }
            })
            .collect();
        merge(&mut pieces, |left, right| {
            let id = vocabulary.find(slice(left.start, right.end))?;
            Some(Candidate { order: -self.scores.get(id as usize).copied().unwrap_or(0.0), id })
        });
        for piece in pieces {
            if piece.id == Piece::UNKNOWN {
                let spelt = slice(piece.start, piece.end).iter();
                ids.extend(spelt.filter_map(|&byte| self.fallback[usize::from(byte)].or(self.unknown)));
            } else {
                ids.push(piece.id);
            }
        }
    }
}
