//! A tokenizer from GGUF metadata.

use super::alphabet::Alphabet;
use super::byte_pair::{BytePair, BytePairParts};
use super::codec::{Algorithm, Parts};
use super::embedded;
use super::sentence_piece::SentencePiece;
use super::special::{SpecialTokens, Strip};
use super::split::Recipe;
use super::vocabulary::{Kind, Vocabulary};
use super::word_piece::WordPiece;
use crate::{Error, Gguf, Result};

const MODEL: &str = "tokenizer.ggml.model";
const TOKENS: &str = "tokenizer.ggml.tokens";
const TYPES: &str = "tokenizer.ggml.token_type";
const SCORES: &str = "tokenizer.ggml.scores";
const MERGES: &str = "tokenizer.ggml.merges";
pub(super) const BEGIN: &str = "tokenizer.ggml.bos_token_id";
pub(super) const END: &str = "tokenizer.ggml.eos_token_id";
const UNKNOWN: &str = "tokenizer.ggml.unknown_token_id";
/// Spelt so in the format.
const SEPARATOR: &str = "tokenizer.ggml.seperator_token_id";

/// Texts that end a turn or a document in some model, whatever the file says about them.
pub(super) const END_TEXTS: &[&str] = &[
    "<|eot_id|>",
    "<|im_end|>",
    "<|end|>",
    "<|return|>",
    "<|call|>",
    "<|flush|>",
    "<|calls|>",
    "<end_of_turn>",
    "<|endoftext|>",
    "<|eom_id|>",
    "<EOT>",
    "_<EOT>",
    "[EOT]",
    "[EOS]",
    "<|end_of_text|>",
    "<end_of_utterance>",
    "<eos>",
    "<turn|>",
    "<|tool_response>",
    "<｜end▁of▁sentence｜>",
    "[e~[",
    "<|fim_pad|>",
    "<|fim_repo|>",
    "<|repo_name|>",
    "<|file_sep|>",
];

pub(super) fn read(gguf: &Gguf) -> Result<Parts> {
    let model = gguf.string(MODEL)?;
    if model.is_none()
        && let Some(parts) = embedded::read(gguf)?
    {
        return Ok(parts);
    }
    let model = gguf.required(MODEL, model)?;
    let pre = gguf.string("tokenizer.ggml.pre")?.unwrap_or_default();
    match model {
        "gpt2" => byte_pair(gguf, Recipe::find(pre)?),
        "gemma4" => byte_pair(gguf, Recipe::find("gemma4")?),
        "llama" => sentence_piece(gguf),
        "bert" => word_piece(gguf),
        other => Err(Error::Unsupported {
            what: "tokenizer",
            name: other.to_owned(),
            known: "gpt2, gemma4, llama, bert".to_owned(),
        }),
    }
}

fn byte_pair(gguf: &Gguf, recipe: &Recipe) -> Result<Parts> {
    let alphabet = if recipe.byte_level { Alphabet::ByteLevel } else { Alphabet::Escaped };
    let vocabulary = vocabulary(gguf, alphabet)?;
    let mut merges = Vec::new();
    for merge in gguf.required(MERGES, gguf.strings(MERGES)?)? {
        // A token may itself begin with a space, so the separator is the first space after a character.
        let second = merge.chars().next().map_or(0, char::len_utf8);
        let Some(space) = merge.get(second..).and_then(|rest| rest.find(' ')).map(|at| at + second) else {
            return Err(
                gguf.invalid(MERGES, &format!("expected two tokens and a space between, got `{merge}`"))
            );
        };
        merges.push((merge, alphabet.bytes(&merge[..space]), alphabet.bytes(&merge[space + 1..])));
    }
    let parts = BytePairParts {
        splitter: recipe.splitter()?,
        merges,
        byte_level: recipe.byte_level,
        whole_words: recipe.whole_words,
        unknown: token(gguf, UNKNOWN, &vocabulary)?,
    };
    let model = BytePair::new(parts, &vocabulary)?;
    let begin = token(gguf, BEGIN, &vocabulary)?;
    let end = token(gguf, END, &vocabulary)?;
    finish(
        gguf,
        vocabulary,
        Algorithm::BytePair(model),
        &Ends { begin, end, add_begin: recipe.add_begin },
        false,
    )
}

fn sentence_piece(gguf: &Gguf) -> Result<Parts> {
    let vocabulary = vocabulary(gguf, Alphabet::Escaped)?;
    let scores = gguf.required(SCORES, gguf.floats(SCORES)?)?;
    if scores.len() != vocabulary.len() {
        let message = format!("expected {} values, one per token, got {}", vocabulary.len(), scores.len());
        return Err(gguf.invalid(SCORES, &message));
    }
    let defaults = |id: u32| (id < vocabulary.len() as u32).then_some(id);
    let unknown = token(gguf, UNKNOWN, &vocabulary)?.or(defaults(0));
    let begin = token(gguf, BEGIN, &vocabulary)?.or(defaults(1));
    let end = token(gguf, END, &vocabulary)?.or(defaults(2));
    let space_prefix = gguf.boolean("tokenizer.ggml.add_space_prefix")?.unwrap_or(true);
    let model = SentencePiece::new(scores, unknown, space_prefix, &vocabulary);
    let ends = Ends { begin, end, add_begin: true };
    finish(gguf, vocabulary, Algorithm::SentencePiece(model), &ends, space_prefix)
}

fn word_piece(gguf: &Gguf) -> Result<Parts> {
    let vocabulary = vocabulary(gguf, Alphabet::WordStart)?;
    let unknown = token(gguf, UNKNOWN, &vocabulary)?.or_else(|| vocabulary.find_text("[UNK]"));
    let begin = match token(gguf, "tokenizer.ggml.cls_token_id", &vocabulary)? {
        Some(id) => Some(id),
        None => token(gguf, BEGIN, &vocabulary)?.or_else(|| vocabulary.find_text("[CLS]")),
    };
    let end = token(gguf, SEPARATOR, &vocabulary)?.or_else(|| vocabulary.find_text("[SEP]"));
    let lowercase = gguf.boolean("tokenizer.ggml.normalizer.lowercase")?.unwrap_or(true);
    let strip_accents = gguf.boolean("tokenizer.ggml.normalizer.strip_accents")?;
    let model = WordPiece::new(lowercase, strip_accents, unknown, &vocabulary);
    let ends = Ends { begin, end, add_begin: true };
    finish(gguf, vocabulary, Algorithm::WordPiece(model), &ends, true)
}

fn vocabulary(gguf: &Gguf, alphabet: Alphabet) -> Result<Vocabulary> {
    let tokens = gguf.required(TOKENS, gguf.strings(TOKENS)?)?;
    let kinds = match gguf.integers(TYPES)? {
        Some(numbers) if numbers.len() != tokens.len() => {
            let message = format!("expected {} values, one per token, got {}", tokens.len(), numbers.len());
            return Err(gguf.invalid(TYPES, &message));
        }
        Some(numbers) => numbers.into_iter().map(Kind::from_number).collect(),
        None => vec![Kind::Normal; tokens.len()],
    };
    if tokens.is_empty() {
        return Err(gguf.invalid(TOKENS, "expected at least one token, got none"));
    }
    Ok(Vocabulary::new(tokens.into_iter().zip(kinds), alphabet))
}

fn token(gguf: &Gguf, key: &str, vocabulary: &Vocabulary) -> Result<Option<u32>> {
    match gguf.count(key)? {
        Some(id) if id >= vocabulary.len() => {
            Err(gguf.invalid(key, &format!("expected an id below {}, got {id}", vocabulary.len())))
        }
        id => Ok(id.map(|id| id as u32)),
    }
}

struct Ends {
    begin: Option<u32>,
    end: Option<u32>,
    add_begin: bool,
}

fn finish(
    gguf: &Gguf,
    mut vocabulary: Vocabulary,
    algorithm: Algorithm,
    ends: &Ends,
    strip_leading_space: bool,
) -> Result<Parts> {
    let mut all = Vec::from_iter(ends.end);
    for key in ["tokenizer.ggml.eot_token_id", "tokenizer.ggml.eom_token_id"] {
        all.extend(token(gguf, key, &vocabulary)?);
    }
    all.extend(find_ends(&vocabulary));
    all.sort_unstable();
    all.dedup();
    for &id in &all {
        vocabulary.make_control(id);
    }
    // Phi-3 was trained without the white space after its special tokens; the format has no place to say so.
    let name = gguf.string("general.name")?.unwrap_or_default().to_lowercase();
    let strips = name.contains("phi-3") || name.contains("phi3");
    let strip = |_: u32, text: &str| Strip {
        left: false,
        right: strips && !matches!(text, "<unk>" | "<s>" | "<|endoftext|>"),
    };
    let special = SpecialTokens::new(&vocabulary, strip)?;
    let add_begin = gguf.boolean("tokenizer.ggml.add_bos_token")?.unwrap_or(ends.add_begin);
    Ok(Parts {
        special,
        algorithm,
        begin: ends.begin,
        end: ends.end,
        ends: all,
        add_begin: add_begin && ends.begin.is_some(),
        strip_leading_space,
        vocabulary,
    })
}

/// The tokens that end a generation by what they say.
pub(super) fn find_ends(vocabulary: &Vocabulary) -> Vec<u32> {
    let mut ends: Vec<u32> = vocabulary
        .ids()
        .filter(|&id| match vocabulary.text(id) {
            // `</s>` is also HTML: it must be declared.
            Some("</s>") => vocabulary.kind(id) == Some(Kind::Control),
            Some(text) => END_TEXTS.contains(&text),
            None => false,
        })
        .collect();
    // In the Harmony format a message ends with `<|end|>`, and the generation goes on.
    let has = |text: &str| ends.iter().any(|&id| vocabulary.text(id) == Some(text));
    if (has("<|return|>") && has("<|call|>")) || (has("<|calls|>") && has("<|flush|>")) {
        ends.retain(|&id| vocabulary.text(id) != Some("<|end|>"));
    }
    ends
}
