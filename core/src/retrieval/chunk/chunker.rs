use std::ops::Range;

use super::context::context;
use super::outline::{Outline, heading};
use super::pieces::{Boundary, Cutter, Piece};
use super::structure::Structure;
use crate::Result;
use crate::retrieval::{Document, Embedder};

/// A piece of a document that is embedded and found as one: an exact slice of the document's text.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Chunk {
    /// Byte offset of the text in the document.
    pub start: usize,
    /// The text, as it stands in the document.
    pub text: String,
    /// The headings above the text, or the definitions around it in source code, outermost first; if it begins with
    /// one, that one too.
    pub headings: Vec<String>,
    /// What is embedded before the text, so that the chunk is understood out of its place: the title and those
    /// headings that are not in the text, one a line. Empty if there are none.
    pub context: String,
}

/// Cuts documents into chunks that an embedder reads whole.
///
/// # Behaviour
///
/// - No chunk, its [`context`](Chunk::context) included, has more tokens than the limit or than the embedder
///   reads, whichever is less. Only a single character of more tokens than that is kept as it is.
/// - The chunks cover the text in its order: each begins where the one before ends, or earlier, where it
///   repeats whole sentences of it as overlap. Nothing is left out, white space included.
/// - A chunk begins at a heading, else at a paragraph, list item, table or code block, else at a sentence. A
///   sentence is cut between words, a word between characters, and a block of code between lines only where
///   they do not fit by themselves.
/// - In source code a chunk begins at a definition, with the comments before it. One that is too long is cut at
///   the definitions within it, and only what is still too long between lines. What is small stays with what
///   follows it.
/// - Nothing is repeated across a heading or definition.
/// - A text without any word or sign gives no chunk.
///
/// The end of the document's source says what the text is: plain text (`.txt`, `.text`, `.log`, `.pdf`), source code
/// (Rust, Python, JavaScript, TypeScript, Go, Java and C with the feature `code`; of other languages whole lines are
/// taken), or else Markdown. Of an address on the web it says nothing but `.txt` and `.pdf`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Chunker {
    limit: usize,
    overlap: usize,
}

impl Chunker {
    /// A chunker for at most `limit` tokens a chunk (at least 1), of which up to `overlap` repeat the chunk
    /// before, never more than half of them.
    pub fn new(limit: usize, overlap: usize) -> Self {
        let limit = limit.max(1);
        Self { limit, overlap: overlap.min(limit / 2) }
    }

    /// The chunks of `document`, in its order.
    pub fn chunk(&self, document: &Document, embedder: &dyn Embedder) -> Result<Vec<Chunk>> {
        let text = document.text.as_str();
        if text.trim().is_empty() {
            return Ok(Vec::new());
        }
        let limit = self.limit.min(embedder.max_tokens()).max(1);
        // Whether there is a context is known after the outline, and code needs to know what it leaves.
        let with_context = limit - limit / 4;
        let outline = Structure::of(&document.source)
            .outline(text, |text| Ok(embedder.count_tokens(text)? <= with_context))?;
        let has_context = !document.title.trim().is_empty() || outline.sections.len() > 1;
        let context_limit = if has_context { limit / 4 } else { 0 };
        let pieces = Cutter { text, embedder, limit: limit - context_limit }.pieces(&outline)?;
        let packer = Packer {
            title: &heading(&document.title),
            text,
            embedder,
            outline: &outline,
            pieces: &pieces,
            limit,
            context_limit,
            overlap: self.overlap.min(limit / 2),
        };
        packer.chunks()
    }
}

/// Puts pieces together to chunks.
struct Packer<'a> {
    title: &'a str,
    text: &'a str,
    embedder: &'a dyn Embedder,
    outline: &'a Outline,
    pieces: &'a [Piece],
    limit: usize,
    context_limit: usize,
    overlap: usize,
}

impl Packer<'_> {
    fn chunks(&self) -> Result<Vec<Chunk>> {
        let mut chunks = Vec::new();
        let mut covered = 0;
        while covered < self.pieces.len() {
            let mut begin = self.overlap_before(covered);
            let (range, context) = loop {
                let context = self.context(begin)?;
                let end = self.end(begin, covered, &context)?;
                if end > covered {
                    break (begin..end, context);
                }
                begin += 1;
            };
            covered = range.end;
            chunks.push(self.chunk(range, context));
        }
        Ok(chunks)
    }

    /// Where a chunk begins that continues after the first `covered` pieces: as many whole pieces earlier as
    /// the overlap allows.
    fn overlap_before(&self, covered: usize) -> usize {
        if self.pieces[covered].begins >= Boundary::Definition {
            return covered;
        }
        let mut begin = covered;
        let mut tokens = 0;
        while begin > 0 {
            tokens += self.pieces[begin - 1].tokens;
            if tokens > self.overlap || self.pieces[begin - 1].begins >= Boundary::Definition {
                break;
            }
            begin -= 1;
        }
        begin
    }

    fn context(&self, begin: usize) -> Result<String> {
        let piece = &self.pieces[begin];
        let mut headings = self.outline.sections[piece.section].as_slice();
        let mut title = self.title;
        if piece.begins >= Boundary::Definition
            && let Some((own, above)) = headings.split_last()
        {
            headings = above;
            title = if own == title { "" } else { title };
        }
        context(title, headings, self.embedder, self.context_limit)
    }

    /// Where the chunk ends that begins with piece `begin`; not after `covered` if nothing new fits.
    fn end(&self, begin: usize, covered: usize, context: &str) -> Result<usize> {
        let budget = self.limit - self.embedder.count_tokens(context)?.min(self.limit);
        let full = self.fill(begin, covered, budget);
        let mut end = self.best_end(begin, covered, full);
        while end > covered && end - begin > 1 && self.count(begin..end, context)? > self.limit {
            end -= 1; // tokens across pieces count differently than piece by piece
        }
        let alone = end <= covered && begin == covered;
        Ok(if alone { covered + 1 } else { end })
    }

    /// Takes pieces up to the budget, or up to a heading when there is enough text for a chunk before it.
    fn fill(&self, begin: usize, covered: usize, budget: usize) -> usize {
        let mut tokens = 0;
        for (index, piece) in self.pieces.iter().enumerate().skip(begin) {
            let heading = piece.begins >= Boundary::Definition && index > covered;
            if tokens + piece.tokens > budget || (heading && tokens >= self.limit / 8) {
                return index;
            }
            tokens += piece.tokens;
        }
        self.pieces.len()
    }

    /// The best place to end among those that leave the chunk at least half full; the last of equals.
    fn best_end(&self, begin: usize, covered: usize, full: usize) -> usize {
        if full == self.pieces.len() {
            return full;
        }
        let total: usize = self.pieces[begin..full].iter().map(|piece| piece.tokens).sum();
        let mut best = full;
        let mut tokens = total;
        for end in (covered + 1..full).rev() {
            tokens -= self.pieces[end].tokens;
            if 2 * tokens < total {
                break;
            }
            if self.pieces[end].begins > self.pieces[best].begins {
                best = end;
            }
        }
        // A heading belongs to what follows it.
        while best > covered + 1 && best - begin > 1 && self.pieces[best - 1].begins == Boundary::Heading {
            best -= 1;
        }
        best
    }

    fn count(&self, pieces: Range<usize>, context: &str) -> Result<usize> {
        self.embedder.count_tokens(&format!("{context}{}", &self.text[self.bytes(pieces)]))
    }

    fn bytes(&self, pieces: Range<usize>) -> Range<usize> {
        self.pieces[pieces.start].range.start..self.pieces[pieces.end - 1].range.end
    }

    fn chunk(&self, pieces: Range<usize>, context: String) -> Chunk {
        let headings = self.outline.sections[self.pieces[pieces.start].section].clone();
        let bytes = self.bytes(pieces);
        Chunk { start: bytes.start, text: self.text[bytes].to_owned(), headings, context }
    }
}

#[cfg(test)]
mod tests;
