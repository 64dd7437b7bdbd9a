use std::borrow::Cow;
use std::ops::Range;

use aho_corasick::{AhoCorasick, MatchKind};

use super::vocabulary::{Kind, Vocabulary};
use crate::{Error, Result};

/// Breaks the text of special tokens apart until the text is encoded. A noncharacter: no text has it by right.
const GUARD: char = '\u{fdd0}';

/// Stand around a chunk until the text is encoded. Noncharacters, too.
const OPEN: char = '\u{fdd1}';
const CLOSE: char = '\u{fdd2}';

/// The text with marks around those parts of it that are `chunks`, each looked for after the one before.
pub(super) fn mark(text: &str, chunks: &[&str]) -> String {
    let text = text.replace([OPEN, CLOSE], "");
    let (mut marked, mut rest) = (String::new(), &text[..]);
    for chunk in chunks {
        let Some(start) = rest.find(chunk).filter(|_| !chunk.is_empty()) else { continue };
        let (before, after) = rest.split_at(start);
        marked.extend([before, OPEN.encode_utf8(&mut [0; 4]), chunk, CLOSE.encode_utf8(&mut [0; 4])]);
        rest = &after[chunk.len()..];
    }
    marked.push_str(rest);
    marked
}

/// The parts of a marked text, in order, and whether each is a chunk. A mark without its other one is left out.
pub(super) fn parts(text: &str) -> Vec<(&str, bool)> {
    let mut parts = Vec::new();
    for (index, part) in text.split(OPEN).enumerate() {
        match part.split_once(CLOSE).filter(|_| index > 0) {
            Some((chunk, rest)) => parts.extend([(chunk, true), (rest, false)]),
            None => parts.push((part, false)),
        }
    }
    parts
}

/// A stretch of text, or a special token in it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Fragment<'a> {
    Text(&'a str),
    Token(u32),
}

/// Finds special tokens in texts: leftmost first, then longest.
#[derive(Debug, Clone)]
pub(super) struct SpecialTokens {
    /// Control, unknown and user-defined tokens.
    all: Finder,
    /// User-defined tokens, which are part of every text.
    defined: Finder,
    /// Control and unknown tokens.
    hidden: Finder,
}

#[derive(Debug, Clone)]
struct Finder {
    automaton: Option<AhoCorasick>,
    tokens: Vec<Pattern>,
}

#[derive(Debug, Clone, Copy)]
struct Pattern {
    id: u32,
    strip: Strip,
}

/// Whether a special token takes the white space around it with it.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Strip {
    pub(super) left: bool,
    pub(super) right: bool,
}

impl SpecialTokens {
    pub(super) fn new(vocabulary: &Vocabulary, strip: impl Fn(u32, &str) -> Strip) -> Result<Self> {
        let finder = |wanted: &[Kind]| {
            let (mut texts, mut tokens) = (Vec::new(), Vec::new());
            for id in vocabulary.ids() {
                let (Some(kind), Some(text)) = (vocabulary.kind(id), vocabulary.text(id)) else { continue };
                if wanted.contains(&kind) && !text.is_empty() {
                    texts.push(text);
                    tokens.push(Pattern { id, strip: strip(id, text) });
                }
            }
            Finder::new(&texts, tokens)
        };
        Ok(Self {
            all: finder(&[Kind::Control, Kind::Unknown, Kind::UserDefined])?,
            defined: finder(&[Kind::UserDefined])?,
            hidden: finder(&[Kind::Control, Kind::Unknown])?,
        })
    }

    /// Walks over a text in which every special token counts.
    pub(super) fn parse<'a>(
        &self,
        text: &'a str,
        visit: impl FnMut(Fragment<'a>) -> Result<()>,
    ) -> Result<()> {
        self.all.fragments(text, visit)
    }

    /// Walks over a text in which only user-defined tokens count.
    pub(super) fn text<'a>(
        &self,
        text: &'a str,
        visit: impl FnMut(Fragment<'a>) -> Result<()>,
    ) -> Result<()> {
        self.defined.fragments(text, visit)
    }

    /// The text with a guard in every control token, so that [`parse`](Self::parse) does not see it.
    /// Tokens of one character cannot be broken apart and stay.
    pub(super) fn guard<'a>(&self, text: &'a str) -> Cow<'a, str> {
        let Some(automaton) = &self.hidden.automaton else { return Cow::Borrowed(text) };
        let clean =
            if text.contains(GUARD) { Cow::Owned(text.replace(GUARD, "")) } else { Cow::Borrowed(text) };
        let mut guarded = String::new();
        let mut copied = 0;
        let mut from = 0;
        while let Some(found) = automaton.find(&clean[from..]) {
            let start = from + found.start();
            let first = clean[start..].chars().next().map_or(1, char::len_utf8);
            from = start + first;
            guarded.push_str(&clean[copied..from]);
            guarded.push(GUARD);
            copied = from;
        }
        if copied == 0 {
            return clean;
        }
        guarded.push_str(&clean[copied..]);
        Cow::Owned(guarded)
    }
}

/// The text without guards and marks.
pub(super) fn unguard(text: &str) -> Cow<'_, str> {
    const HIDDEN: [char; 3] = [GUARD, OPEN, CLOSE];
    if text.contains(HIDDEN) { Cow::Owned(text.replace(HIDDEN, "")) } else { Cow::Borrowed(text) }
}

impl Finder {
    fn new(texts: &[&str], tokens: Vec<Pattern>) -> Result<Self> {
        let automaton = if texts.is_empty() {
            None
        } else {
            let built = AhoCorasick::builder().match_kind(MatchKind::LeftmostLongest).build(texts);
            Some(built.map_err(|error| Error::Tokenizer { message: format!("special tokens: {error}") })?)
        };
        Ok(Self { automaton, tokens })
    }

    fn fragments<'a>(&self, text: &'a str, mut visit: impl FnMut(Fragment<'a>) -> Result<()>) -> Result<()> {
        let mut rest = 0;
        for (Range { start, end }, pattern) in self.matches(text) {
            // Stripping to the right may have eaten the space before.
            let before = &text[rest.min(start)..start];
            let before = if pattern.strip.left { before.trim_ascii_end() } else { before };
            if !before.is_empty() {
                visit(Fragment::Text(before))?;
            }
            visit(Fragment::Token(pattern.id))?;
            rest = end;
            if pattern.strip.right {
                rest = text.len() - text[end..].trim_ascii_start().len();
            }
        }
        if rest < text.len() { visit(Fragment::Text(&text[rest..])) } else { Ok(()) }
    }

    fn matches(&self, text: &str) -> impl Iterator<Item = (Range<usize>, Pattern)> {
        let found = self.automaton.as_ref().map(|automaton| automaton.find_iter(text));
        found.into_iter().flatten().map(|found| (found.range(), self.tokens[found.pattern().as_usize()]))
    }
}
