use std::path::Path;

use rushlight_models::{Special, Tokenizer};

use crate::failure::{Failure, Result};
use crate::workspace;

/// Real text as tokens of one model.
#[derive(Debug)]
pub(crate) struct Text {
    tokens: Vec<u32>,
}

impl Text {
    /// The Markdown and text files of a folder and its folders: by default those that the examples read.
    pub(crate) fn read(data: Option<&Path>, tokenizer: &Tokenizer) -> Result<Self> {
        let folder = data.map_or_else(|| workspace::root().join("examples/corpus"), Path::to_path_buf);
        let mut text = String::new();
        for file in workspace::files(&folder, workspace::is_text)? {
            text.push_str(&workspace::read(&file)?);
            text.push('\n');
        }
        if text.is_empty() {
            return Err(Failure::new(format!("`{}` has no Markdown and no text files", folder.display())));
        }
        Ok(Self { tokens: tokenizer.encode(&text, Special::Text)? })
    }

    /// A part of this many tokens; parts of different numbers begin at different places.
    pub(crate) fn part(&self, length: usize, number: usize) -> Result<&[u32]> {
        let places = self.tokens.len().checked_sub(length).filter(|places| *places > 0);
        let places = places.ok_or_else(|| {
            Failure::new(format!("expected a text of more than {length} tokens, got {}", self.tokens.len()))
        })?;
        let start = (number * 1_009 + length * 31) % places;
        Ok(&self.tokens[start..start + length])
    }

    /// Its parts of this many tokens, one after the other.
    pub(crate) fn parts(&self, length: usize) -> impl Iterator<Item = &[u32]> {
        self.tokens.chunks_exact(length)
    }
}
