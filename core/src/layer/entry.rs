use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::failure::Failure;
use crate::{Error, Result};

/// The form of journals that this version writes and reads.
pub(super) const FORMAT: u32 = 1;

/// The first line of a journal: what stays the same in all its runs.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Header {
    pub(super) journal: u32,
    pub(super) model: String,
    pub(super) context_window: usize,
    /// What the agent itself is.
    pub(super) about: Value,
}

/// Every other line: one thing that a run was told from outside of it.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Entry {
    pub(super) input: Input,
    #[serde(default, skip_serializing_if = "Value::is_null")]
    pub(super) asked: Value,
    #[serde(default, skip_serializing_if = "Value::is_null")]
    pub(super) gave: Value,
    /// How it failed, after what it gave.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) failed: Option<Failure>,
}

/// Who told it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Input {
    /// The model: a prompt, and the pieces of its generation.
    Generation,
    /// The model: the number of tokens of a text.
    TokenCount,
    /// The registry: the tools on offer.
    Tools,
    /// The registry: a call, and its output with the seconds that it took.
    ToolOutput,
    /// The retriever: a query, and its passages.
    Passages,
    /// The retriever: the version of its documents.
    Version,
    /// The cache: a key, and what lay under it.
    CacheEntry,
    /// The session store: what was said before.
    History,
    /// The session store: whether it took more messages.
    Remembered,
    /// Another agent that took over: its request, and its events.
    Events,
}

impl Input {
    /// The name as the journal has it.
    pub(super) fn name(self) -> String {
        serde_json::to_value(self).ok().and_then(|name| name.as_str().map(str::to_owned)).unwrap_or_default()
    }
}

/// A value as the journal has it.
pub(crate) fn json(value: &impl Serialize) -> Result<Value> {
    serde_json::to_value(value).map_err(|error| unwritable(error.into()))
}

pub(super) fn unwritable(source: crate::error::Source) -> Error {
    Error::Foreign { what: "the journal".to_owned(), source }
}
