//! A tokenizer from a `tokenizer.json`.

use serde_json::Value;
use tokenizers::Encoding;

use super::alphabet::{Alphabet, fallback_byte};
use super::codec::{Algorithm, Parts};
use super::declared::{Declared, Token};
use super::metadata::find_ends;
use super::special::{SpecialTokens, Strip};
use super::vocabulary::{Kind, Vocabulary};
use crate::{Error, Result};

/// Reads the text of the file; what is declared beside it goes before what it says. `format` makes an error of a message.
pub(super) fn read(source: &[u8], declared: Declared, format: impl Fn(String) -> Error) -> Result<Parts> {
    let file: Value = serde_json::from_slice(source).map_err(|error| format(error.to_string()))?;
    let mut library = tokenizers::Tokenizer::from_bytes(source).map_err(|error| format(error.to_string()))?;
    library.with_truncation(None).map_err(|error| format(error.to_string()))?;
    library.with_padding(None);
    let around = library.encode("", true).map_err(|error| format(error.to_string()))?;
    library.set_encode_special_tokens(true);

    let alphabet = alphabet(&file);
    let mut vocabulary = vocabulary(&library, &file, alphabet, declared.rows).map_err(&format)?;
    let (begin, end) = match *around.get_ids() {
        [begin, .., end] => (Some(begin), Some(end)),
        [only] => (Some(only), None),
        [] => (None, None),
    };
    let add_begin = declared.add_begin.unwrap_or(begin.is_some());
    let is_known = |id: &u32| (*id as usize) < vocabulary.len();
    let find = |token: Option<Token>| match token? {
        Token::Text(text) => vocabulary.find_text(&text),
        Token::Id(id) => Some(id).filter(is_known),
    };
    let (begin, end) = (find(declared.begin).or(begin), find(declared.end).or(end));
    let mut ends = find_ends(&vocabulary);
    ends.extend(end);
    ends.extend(declared.ends.into_iter().filter(is_known));
    ends.sort_unstable();
    ends.dedup();
    for &id in &ends {
        vocabulary.make_control(id);
    }
    let special = SpecialTokens::new(&vocabulary, |_, text| strip(&library, text))?;
    Ok(Parts {
        strip_leading_space: alphabet != Alphabet::ByteLevel && alphabet != Alphabet::Plain,
        special,
        algorithm: Algorithm::Library(Box::new(library)),
        begin,
        end,
        ends,
        add_begin: add_begin && begin.is_some(),
        vocabulary,
    })
}

/// The encoding of a text without special tokens.
pub(super) fn encode(library: &tokenizers::Tokenizer, text: &str) -> Result<Encoding> {
    library.encode_fast(text, false).map_err(|error| Error::Tokenizer { message: error.to_string() })
}

fn strip(library: &tokenizers::Tokenizer, text: &str) -> Strip {
    let added = library.get_added_tokens_decoder();
    let token = added.values().find(|token| token.content == text);
    token.map_or_else(Strip::default, |token| Strip { left: token.lstrip, right: token.rstrip })
}

/// How the vocabulary is written, by the decoder that the file asks for.
fn alphabet(file: &Value) -> Alphabet {
    fn of(decoder: &Value) -> Option<Alphabet> {
        match decoder["type"].as_str()? {
            "ByteLevel" => Some(Alphabet::ByteLevel),
            "Metaspace" => Some(Alphabet::Escaped),
            "Replace" if decoder["pattern"]["String"] == "▁" => Some(Alphabet::Escaped),
            "WordPiece" => Some(Alphabet::WordInside),
            "Sequence" => decoder["decoders"].as_array()?.iter().find_map(of),
            _ => None,
        }
    }
    of(&file["decoder"]).unwrap_or(Alphabet::Plain)
}

fn vocabulary(
    library: &tokenizers::Tokenizer,
    file: &Value,
    alphabet: Alphabet,
    rows: Option<usize>,
) -> Result<Vocabulary, String> {
    let added = library.get_added_tokens_decoder();
    let unknown = file["model"]["unk_token"].as_str();
    let mut known = library.get_vocab(true);
    let is_known = |id: u32| rows.is_none_or(|rows| (id as usize) < rows);
    known.retain(|_, id| is_known(*id) || !added.get(id).is_some_and(|token| token.special));
    let count = known.values().max().map_or(0, |&id| id as usize + 1);
    // Ids need not be dense, but a file may not make us allocate by its claims.
    if count > known.len() * 2 + 1024 {
        return Err(format!(
            "the largest token id is {}, but there are only {} tokens",
            count - 1,
            known.len()
        ));
    }
    let mut tokens = vec![("", Kind::Unused); count];
    for (text, &id) in &known {
        let kind = match added.get(&id) {
            _ if Some(text.as_str()) == unknown => Kind::Unknown,
            Some(token) if token.special => Kind::Control,
            Some(_) => Kind::UserDefined,
            None if alphabet == Alphabet::Escaped && fallback_byte(text).is_some() => Kind::Byte,
            None => Kind::Normal,
        };
        tokens[id as usize] = (text.as_str(), kind);
    }
    Ok(Vocabulary::new(tokens, alphabet))
}
