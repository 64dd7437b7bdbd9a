use std::collections::HashMap;
use std::path::Path;

use serde::{Deserialize, Serialize};

use crate::{Error, Result, json_file};

/// How an encoder is opened.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
#[non_exhaustive]
pub struct EncoderOptions {
    /// What is put before every question; default what the model's folder says, else nothing.
    pub query_prompt: Option<String>,
    /// What is put before every passage; default what the model's folder says, else nothing.
    pub passage_prompt: Option<String>,
}

impl EncoderOptions {
    /// The same with this before every question.
    #[must_use]
    pub fn query_prompt(mut self, prompt: impl Into<String>) -> Self {
        self.query_prompt = Some(prompt.into());
        self
    }

    /// The same with this before every passage.
    #[must_use]
    pub fn passage_prompt(mut self, prompt: impl Into<String>) -> Self {
        self.passage_prompt = Some(prompt.into());
        self
    }
}

/// What is put before texts.
#[derive(Debug)]
pub(super) struct Prompts {
    pub(super) query: String,
    pub(super) passage: String,
    /// Whether the passages' prompt is not that of the model's folder.
    own_passage: bool,
}

/// The part of `config_sentence_transformers.json` about prompts.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Config {
    prompts: HashMap<String, Option<String>>,
    default_prompt_name: Option<String>,
}

impl Prompts {
    /// The prompts of the options, else those of the file: of sentence-transformers' names for questions and passages the
    /// first that is there, else the default one.
    pub(super) fn read(path: &Path, options: EncoderOptions) -> Result<Self> {
        let config: Config = json_file::read_if_there(path)?.unwrap_or_default();
        let named = |name: &str| config.prompts.get(name).cloned().flatten();
        let default = match &config.default_prompt_name {
            None => String::new(),
            Some(name) => named(name).ok_or_else(|| {
                let message = format!("expected a prompt of the name `{name}`, the default one's");
                Error::format(path, message)
            })?,
        };
        let first = |names: &[&str]| names.iter().find_map(|name| named(name));
        let passage = first(&["document", "passage", "corpus"]).unwrap_or_else(|| default.clone());
        let own_passage = options.passage_prompt.as_ref().is_some_and(|own| *own != passage);
        Ok(Self {
            query: options.query_prompt.or_else(|| first(&["query"])).unwrap_or(default),
            passage: options.passage_prompt.unwrap_or(passage),
            own_passage,
        })
    }

    /// The name of an encoder of the folder `name`.
    pub(super) fn name(&self, name: &str) -> String {
        if self.own_passage { format!("{name} {:?}", self.passage) } else { name.to_owned() }
    }
}
