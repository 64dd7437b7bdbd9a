//! What the files beside a `tokenizer.json` say about it.

use std::path::Path;

use serde::Deserialize;
use serde_json::Value;

use super::declared::{Declared, Token};
use crate::{Result, json_file};

/// The part of `tokenizer_config.json` that counts.
#[derive(Debug, Default, Deserialize)]
struct Settings {
    bos_token: Option<Written>,
    eos_token: Option<Written>,
    add_bos_token: Option<bool>,
}

/// A token as a text, or as what the library keeps about an added one.
#[derive(Debug, Deserialize)]
#[serde(untagged)]
enum Written {
    Text(String),
    Added { content: String },
}

impl Written {
    fn token(self) -> Token {
        match self {
            Self::Text(text) | Self::Added { content: text } => Token::Text(text),
        }
    }
}

/// Reads `tokenizer_config.json`, `generation_config.json` and `config.json`, as far as they are there; the model knows
/// `rows` tokens.
pub(super) fn read(folder: &Path, rows: usize) -> Result<Declared> {
    let settings: Settings =
        json_file::read_if_there(&folder.join("tokenizer_config.json"))?.unwrap_or_default();
    let mut ends = Vec::new();
    for file in ["generation_config.json", "config.json"] {
        let file: Value = json_file::read_if_there(&folder.join(file))?.unwrap_or_default();
        let ids = &file["eos_token_id"];
        let ids = ids.as_array().map_or_else(|| std::slice::from_ref(ids), Vec::as_slice);
        ends.extend(ids.iter().filter_map(|id| u32::try_from(id.as_u64()?).ok()));
    }
    Ok(Declared {
        begin: settings.bos_token.map(Written::token),
        end: settings.eos_token.map(Written::token),
        ends,
        rows: Some(rows),
        add_begin: settings.add_bos_token,
    })
}
