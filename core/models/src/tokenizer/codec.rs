use std::borrow::Cow;
use std::ops::Range;
use std::path::Path;
use std::sync::Arc;

use super::byte_pair::BytePair;
use super::declared::Declared;
use super::folder;
use super::sentence_piece::SentencePiece;
use super::special::{Fragment, SpecialTokens, mark, parts, unguard};
use super::stream::Detokenizer;
use super::vocabulary::{Kind, Vocabulary};
use super::word_piece::WordPiece;
use super::{json, metadata};
use crate::{Error, Gguf, Result};

/// Whether the text of a control token stands for the token itself.
///
/// Tokens that the model's maker defined as plain text (runs of spaces, for example) count in both.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Special {
    /// `<|im_end|>` in the text becomes the one token: for prompts that a template rendered.
    Parse,
    /// `<|im_end|>` in the text is plain text and never becomes a control token: for everything else.
    Text,
}

/// The ids of a prompt.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Encoded {
    /// The ids.
    pub tokens: Vec<u32>,
    /// The ids of each chunk, in ascending order; chunks share no token.
    pub chunks: Vec<Range<usize>>,
}

/// Text to token ids and back, for one vocabulary.
///
/// A clone shares the vocabulary.
#[derive(Debug, Clone)]
pub struct Tokenizer {
    parts: Arc<Parts>,
}

/// What a tokenizer is made of.
#[derive(Debug)]
pub(super) struct Parts {
    pub(super) vocabulary: Vocabulary,
    pub(super) special: SpecialTokens,
    pub(super) algorithm: Algorithm,
    pub(super) begin: Option<u32>,
    pub(super) end: Option<u32>,
    /// Every token that ends a generation.
    pub(super) ends: Vec<u32>,
    pub(super) add_begin: bool,
    /// Encoding put a space before the text; decoding takes it away.
    pub(super) strip_leading_space: bool,
}

#[derive(Debug)]
pub(super) enum Algorithm {
    BytePair(BytePair),
    SentencePiece(SentencePiece),
    WordPiece(WordPiece),
    /// What a `tokenizer.json` asks for, with its special tokens switched off.
    Library(Box<tokenizers::Tokenizer>),
}

impl Tokenizer {
    pub(super) fn new(parts: Parts) -> Self {
        Self { parts: Arc::new(parts) }
    }

    /// Builds the tokenizer that a GGUF's metadata describes: byte-pair encoding (`gpt2`, `gemma4`),
    /// `SentencePiece` (`llama`), `WordPiece` (`bert`), or what a `tokenizer.json` within it asks for. An error names the
    /// file.
    pub fn from_gguf(gguf: &Gguf) -> Result<Self> {
        match metadata::read(gguf) {
            Ok(parts) => Ok(Self::new(parts)),
            Err(Error::Tokenizer { message }) => Err(Error::format(gguf.path(), message)),
            Err(other) => Err(other),
        }
    }

    /// Reads a `tokenizer.json`. Truncation and padding that the file asks for are left out.
    pub fn from_file(path: &Path) -> Result<Self> {
        Self::from_json(path, Declared::default())
    }

    /// Reads the `tokenizer.json` of a model's folder; what the files beside it say about its special tokens counts too.
    /// The model knows `rows` tokens.
    pub(crate) fn from_folder(folder: &Path, rows: usize) -> Result<Self> {
        Self::from_json(&folder.join("tokenizer.json"), folder::read(folder, rows)?)
    }

    fn from_json(path: &Path, declared: Declared) -> Result<Self> {
        let source = std::fs::read(path).map_err(|source| Error::Open { path: path.to_owned(), source })?;
        json::read(&source, declared, |message| Error::format(path, message)).map(Self::new)
    }

    /// The ids of a text; the begin token is not added. An empty text has no ids.
    pub fn encode(&self, text: &str, special: Special) -> Result<Vec<u32>> {
        let mut ids = Vec::new();
        let mut first = true;
        let visit = |fragment: Fragment<'_>| self.fragment(fragment, &mut first, &mut ids);
        match special {
            Special::Parse => self.parts.special.parse(text, visit)?,
            Special::Text => self.parts.special.text(text, visit)?,
        }
        Ok(ids)
    }

    /// The ids of a text that goes on where other text ends; an empty text has no ids.
    pub(crate) fn encode_inside(&self, text: &str) -> Result<Vec<u32>> {
        let (mut ids, mut first) = (Vec::new(), false);
        self.parts.special.text(text, |fragment| self.fragment(fragment, &mut first, &mut ids))?;
        Ok(ids)
    }

    /// The ids of a rendered prompt: control tokens count unless they were [guarded](Self::guard), and the
    /// begin token comes first where the vocabulary wants one and the prompt does not begin with it.
    pub fn encode_prompt(&self, prompt: &str) -> Result<Vec<u32>> {
        Ok(self.encode_marked(prompt)?.tokens)
    }

    /// The same, and where the [marked](Self::mark) chunks are. No token reaches over the edge of a chunk, so that its
    /// tokens are the same in every prompt.
    pub fn encode_marked(&self, prompt: &str) -> Result<Encoded> {
        let mut encoded = Encoded::default();
        let Encoded { tokens, chunks } = &mut encoded;
        let mut first = true;
        for (part, is_chunk) in parts(prompt) {
            let start = tokens.len();
            self.parts.special.parse(part, |fragment| match fragment {
                Fragment::Text(text) => self.fragment(Fragment::Text(&unguard(text)), &mut first, tokens),
                token @ Fragment::Token(_) => self.fragment(token, &mut first, tokens),
            })?;
            if is_chunk {
                chunks.push(start..tokens.len());
            }
        }
        if let Some(begin) = self.begin().filter(|&begin| self.add_begin() && tokens.first() != Some(&begin))
        {
            tokens.insert(0, begin);
            for chunk in chunks {
                *chunk = chunk.start + 1..chunk.end + 1;
            }
        }
        Ok(encoded)
    }

    /// The text with invisible noncharacters (U+FDD1 and U+FDD2) around those parts of it that are `chunks`: each once,
    /// and after the one before. A chunk that the text does not have, or has only before, is left out.
    pub fn mark(&self, text: &str, chunks: &[&str]) -> String {
        mark(text, chunks)
    }

    /// The text in a form in which [`encode_prompt`](Self::encode_prompt) sees no control token in it.
    ///
    /// Whatever others wrote (questions, documents, outputs of tools) goes through this before it goes into a
    /// template: otherwise a document that contains `<|im_start|>system` could speak as the application. The
    /// text is broken apart by an invisible noncharacter (U+FDD0), which encoding takes out again.
    pub fn guard<'a>(&self, text: &'a str) -> Cow<'a, str> {
        self.parts.special.guard(text)
    }

    fn fragment(&self, fragment: Fragment<'_>, first: &mut bool, ids: &mut Vec<u32>) -> Result<()> {
        match fragment {
            Fragment::Token(id) => {
                ids.push(id);
                *first = true;
            }
            Fragment::Text(text) => {
                self.plain(text, *first, ids)?;
                *first = false;
            }
        }
        Ok(())
    }

    fn plain(&self, text: &str, first: bool, ids: &mut Vec<u32>) -> Result<()> {
        // Positions within a text are kept in 32 bits.
        if text.len() >= u32::MAX as usize {
            let message = format!("text has {} bytes, expected less than {}", text.len(), u32::MAX);
            return Err(Error::Tokenizer { message });
        }
        let vocabulary = &self.parts.vocabulary;
        match &self.parts.algorithm {
            Algorithm::BytePair(model) => model.encode(text, vocabulary, ids),
            Algorithm::SentencePiece(model) => model.encode(text, first, vocabulary, ids),
            Algorithm::WordPiece(model) => model.encode(text, vocabulary, ids)?,
            Algorithm::Library(library) => ids.extend_from_slice(json::encode(library, text)?.get_ids()),
        }
        Ok(())
    }

    /// The text of ids. Control tokens and ids outside the vocabulary give nothing; bytes that are not valid
    /// UTF-8 become U+FFFD.
    ///
    /// For byte-level vocabularies this is the exact inverse of [`encode`](Self::encode) with
    /// [`Special::Text`]; `WordPiece` has lost spaces, accents and upper case.
    pub fn decode(&self, ids: &[u32]) -> String {
        let bytes: Vec<u8> = ids.iter().filter_map(|&id| self.visible_bytes(id)).flatten().copied().collect();
        let bytes = match bytes.strip_prefix(b" ") {
            Some(stripped) if self.strips_leading_space() => stripped,
            _ => &bytes,
        };
        String::from_utf8_lossy(bytes).into_owned()
    }

    /// The bytes that one id stands for, control tokens included; they need not be whole code points.
    pub fn token_bytes(&self, id: u32) -> Option<&[u8]> {
        self.parts.vocabulary.bytes(id)
    }

    /// An id as the model's file writes it, such as `Ġthe` or `<|im_end|>`.
    pub fn token_text(&self, id: u32) -> Option<&str> {
        self.parts.vocabulary.text(id)
    }

    /// The id that the model's file writes so. This scans the vocabulary.
    pub fn token_id(&self, text: &str) -> Option<u32> {
        self.parts.vocabulary.find_text(text)
    }

    /// The first id that is another token in the other tokenizer, if there is one. Ids that stand for nothing, which fill
    /// some files up, are equal to those that are missing.
    pub fn first_difference(&self, other: &Self) -> Option<u32> {
        let same =
            |id| self.token_text(id) == other.token_text(id) || (self.is_unused(id) && other.is_unused(id));
        (0..self.vocabulary().max(other.vocabulary()) as u32).find(|&id| !same(id))
    }

    /// Whether an id steers the model and is left out of decoded text.
    pub fn is_control(&self, id: u32) -> bool {
        self.parts.vocabulary.kind(id).is_some_and(Kind::is_hidden)
    }

    /// Whether an id stands for nothing, or is none.
    pub(crate) fn is_unused(&self, id: u32) -> bool {
        matches!(self.parts.vocabulary.kind(id), None | Some(Kind::Unused))
    }

    /// A decoder that is fed one id at a time.
    pub fn stream(&self) -> Detokenizer<'_> {
        Detokenizer::new(self)
    }

    /// Whether an id ends a generation.
    pub fn is_end(&self, id: u32) -> bool {
        self.parts.ends.contains(&id)
    }

    /// Every id that ends a generation, in ascending order.
    pub(crate) fn ends(&self) -> &[u32] {
        &self.parts.ends
    }

    /// The begin-of-text token (`[CLS]` for BERT).
    pub fn begin(&self) -> Option<u32> {
        self.parts.begin
    }

    /// The end-of-text token (`[SEP]` for BERT).
    pub fn end(&self) -> Option<u32> {
        self.parts.end
    }

    /// Whether a prompt starts with the begin-of-text token.
    pub fn add_begin(&self) -> bool {
        self.parts.add_begin
    }

    /// The number of tokens.
    pub fn vocabulary(&self) -> usize {
        self.parts.vocabulary.len()
    }

    /// The number of tokens of a text, special tokens as text.
    pub fn count(&self, text: &str) -> Result<usize> {
        Ok(self.encode(text, Special::Text)?.len())
    }

    pub(super) fn strips_leading_space(&self) -> bool {
        self.parts.strip_leading_space
    }

    /// The bytes of an id that is shown.
    pub(super) fn visible_bytes(&self, id: u32) -> Option<&[u8]> {
        if self.is_control(id) { None } else { self.token_bytes(id) }
    }
}

#[cfg(test)]
mod tests;
