//! A `tokenizer.json` within GGUF metadata, where the format has a place for it: `tokenizer.huggingface.json`.
//!
//! The files beside a `tokenizer.json` become the keys that GGUF has for the same facts, and one of our own: a model may have
//! any number of tokens that end a generation.

use std::path::Path;

use super::codec::{Parts, Tokenizer};
use super::declared::{Declared, Token};
use super::json;
use super::metadata::{BEGIN, END};
use crate::{Error, Gguf, GgufWriter, Result};

const JSON: &str = "tokenizer.huggingface.json";
const ADD_BEGIN: &str = "tokenizer.ggml.add_bos_token";
const ENDS: &str = "rushlight.end_token_ids";

/// Reads the tokenizer, if the file has one of this kind.
pub(super) fn read(gguf: &Gguf) -> Result<Option<Parts>> {
    let Some(source) = gguf.string(JSON)? else { return Ok(None) };
    let id = |key: &str| -> Result<Option<Token>> { Ok(gguf.count(key)?.map(|id| Token::Id(id as u32))) };
    let ends = gguf.integers(ENDS)?.unwrap_or_default();
    let declared = Declared {
        begin: id(BEGIN)?,
        end: id(END)?,
        ends: ends.into_iter().filter_map(|id| u32::try_from(id).ok()).collect(),
        rows: gguf.tensor("token_embd.weight").and_then(|embedding| embedding.shape.first().copied()),
        add_begin: gguf.boolean(ADD_BEGIN)?,
    };
    json::read(source.as_bytes(), declared, |message| gguf.invalid(JSON, &message)).map(Some)
}

impl Tokenizer {
    /// Says in metadata what the tokenizer of a model's folder is.
    pub(crate) fn describe(&self, folder: &Path, writer: &mut GgufWriter) -> Result<()> {
        let path = folder.join("tokenizer.json");
        let json = std::fs::read_to_string(&path).map_err(|source| Error::Open { path, source })?;
        writer.entry(JSON, &*json).entry(ADD_BEGIN, self.add_begin()).entry(ENDS, self.ends());
        for (key, id) in [(BEGIN, self.begin()), (END, self.end())] {
            if let Some(id) = id {
                writer.entry(key, id);
            }
        }
        Ok(())
    }
}
