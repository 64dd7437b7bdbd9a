use std::ops::Range;

use unicode_segmentation::UnicodeSegmentation;

use super::outline::{Block, Kind, Outline};
use crate::Result;
use crate::retrieval::Embedder;

/// The smallest part of a text that is not cut: a sentence, a heading, a block of code, or a part of one that
/// is too long by itself. Pieces follow each other without a gap.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Piece {
    pub(super) range: Range<usize>,
    pub(super) tokens: usize,
    /// What begins with the piece.
    pub(super) begins: Boundary,
    /// Index of the heading path in the outline.
    pub(super) section: usize,
}

/// Where a chunk may begin; the greatest is the best place.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Boundary {
    Word,
    Sentence,
    Paragraph,
    Definition,
    Heading,
}

/// Cuts blocks into pieces of at most `limit` tokens.
///
/// Each piece is counted once; only what is too long is counted again, part by part.
pub(super) struct Cutter<'a> {
    pub(super) text: &'a str,
    pub(super) embedder: &'a dyn Embedder,
    pub(super) limit: usize,
}

impl Cutter<'_> {
    pub(super) fn pieces(&self, outline: &Outline) -> Result<Vec<Piece>> {
        let mut pieces = Vec::new();
        for block in &outline.blocks {
            self.cut(block, &mut pieces)?;
        }
        Ok(pieces)
    }

    fn cut(&self, block: &Block, pieces: &mut Vec<Piece>) -> Result<()> {
        let first = pieces.len();
        match block.kind {
            Kind::Heading => self.add(block.range.clone(), block.section, pieces)?,
            Kind::Prose => {
                for sentence in sentences(self.text, &block.range) {
                    self.add(sentence, block.section, pieces)?;
                }
            }
            Kind::Lines | Kind::Definition => {
                let tokens = self.count(&block.range)?;
                if tokens <= self.limit {
                    let (range, section) = (block.range.clone(), block.section);
                    pieces.push(Piece { range, tokens, begins: Boundary::Paragraph, section });
                } else {
                    let mut start = block.range.start;
                    for line in self.text[block.range.clone()].split_inclusive('\n') {
                        self.add(start..start + line.len(), block.section, pieces)?;
                        start += line.len();
                    }
                }
            }
        }
        pieces[first].begins = match block.kind {
            Kind::Heading => Boundary::Heading,
            Kind::Definition => Boundary::Definition,
            Kind::Prose | Kind::Lines => Boundary::Paragraph,
        };
        Ok(())
    }

    /// Adds a sentence or line, in parts where it is too long.
    fn add(&self, range: Range<usize>, section: usize, pieces: &mut Vec<Piece>) -> Result<()> {
        let tokens = self.count(&range)?;
        let first = pieces.len();
        if tokens <= self.limit {
            pieces.push(Piece { range, tokens, begins: Boundary::Sentence, section });
        } else {
            // Parts well below the limit, so that they fill chunks as well as sentences do.
            self.halve(range, tokens, (self.limit / 8).max(1), section, pieces)?;
            pieces[first].begins = Boundary::Sentence;
        }
        Ok(())
    }

    fn halve(
        &self,
        range: Range<usize>,
        tokens: usize,
        target: usize,
        section: usize,
        pieces: &mut Vec<Piece>,
    ) -> Result<()> {
        match middle(&self.text[range.clone()]).map(|offset| range.start + offset) {
            Some(middle) if tokens > target => {
                for half in [range.start..middle, middle..range.end] {
                    let tokens = self.count(&half)?;
                    self.halve(half, tokens, target, section, pieces)?;
                }
            }
            _ => pieces.push(Piece { range, tokens, begins: Boundary::Word, section }),
        }
        Ok(())
    }

    fn count(&self, range: &Range<usize>) -> Result<usize> {
        self.embedder.count_tokens(&self.text[range.clone()])
    }
}

/// The sentences of a block (UAX 29), each with the white space after it.
fn sentences(text: &str, block: &Range<usize>) -> Vec<Range<usize>> {
    // A line break within a paragraph does not end a sentence.
    let joined = text[block.clone()].replace(['\n', '\r'], " ");
    let bounds = joined.split_sentence_bound_indices();
    bounds.map(|(start, sentence)| block.start + start..block.start + start + sentence.len()).collect()
}

/// Where to cut a text in two: after the white space nearest to its middle, line breaks first; without any
/// white space between characters; nowhere for a single character.
fn middle(text: &str) -> Option<usize> {
    let half = text.len() / 2;
    let inside = |offset: &usize| *offset > 0 && *offset < text.len();
    let nearest = |offsets: &mut dyn Iterator<Item = usize>| {
        offsets.filter(inside).min_by_key(|offset| offset.abs_diff(half))
    };
    let after = |break_at: fn(char) -> bool| {
        text.char_indices().filter(move |(_, c)| break_at(*c)).map(|(offset, c)| offset + c.len_utf8())
    };
    let central = text.len() / 4..=text.len() - text.len() / 4;
    nearest(&mut after(|c| c == '\n').filter(|offset| central.contains(offset)))
        .or_else(|| {
            nearest(&mut after(char::is_whitespace).filter(|offset| !text[*offset..].trim_end().is_empty()))
        })
        .or_else(|| nearest(&mut text.char_indices().map(|(offset, _)| offset)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::retrieval::HashedEmbedder;

    fn pieces(text: &str, limit: usize) -> Vec<(Boundary, &str)> {
        let embedder = HashedEmbedder::new(8);
        let cutter = Cutter { text, embedder: &embedder, limit };
        let pieces = cutter.pieces(&Outline::of_markdown(text)).expect("words can be counted");
        pieces.into_iter().map(|piece| (piece.begins, &text[piece.range])).collect()
    }

    #[test]
    fn sentences_may_run_over_lines() {
        assert_eq!(
            pieces("One goes\non. Two.\n\nThree.", 10),
            [
                (Boundary::Paragraph, "One goes\non. "),
                (Boundary::Sentence, "Two.\n\n"),
                (Boundary::Paragraph, "Three.")
            ]
        );
    }

    #[test]
    fn code_is_one_piece_while_it_fits_and_lines_when_it_does_not() {
        let text = "```\na b\nc d\n```\n";

        assert_eq!(pieces(text, 4).len(), 1);
        assert_eq!(
            pieces(text, 3).iter().map(|(_, text)| *text).collect::<Vec<_>>(),
            ["```\n", "a b\n", "c d\n", "```\n"]
        );
    }

    #[test]
    fn a_long_sentence_is_cut_between_words() {
        assert_eq!(
            pieces("a b c d", 3).iter().map(|(_, text)| *text).collect::<Vec<_>>(),
            ["a ", "b ", "c ", "d"]
        );
    }

    #[test]
    fn a_text_without_spaces_is_cut_between_characters() {
        assert_eq!(middle("日本"), Some(3));
        assert_eq!(middle("日"), None);
        assert_eq!(middle("word   "), Some(3));
    }
}
