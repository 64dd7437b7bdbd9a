use serde_json::Value;

use super::calls::Calls;
use super::schema;
use crate::Result;

/// What a text may be, before it is compiled for a vocabulary.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Grammar {
    /// In `llguidance`'s dialect of Lark.
    source: String,
    /// Its parts by names, for the message that says which one cannot be compiled.
    parts: Vec<(String, String)>,
}

impl Grammar {
    /// A JSON value that fits a schema, on one line.
    ///
    /// Keywords that a grammar cannot say (`not`, `uniqueItems`, `if` and the like) are passed over, `oneOf` is `anyOf`: whoever
    /// needs these validates the value. Objects that list properties have no others unless the schema speaks of
    /// others, and are written in the order of the schema. A number without bounds may have any exponent: whoever reads it
    /// refuses what it cannot hold.
    ///
    /// # Errors
    ///
    /// [`Error::Invalid`](crate::Error::Invalid) for a schema that is no object, has more than 64 KiB or more than 32 levels.
    pub fn json_schema(schema: &Value) -> Result<Self> {
        schema::check("schema", schema)?;
        let value = json(schema);
        Ok(Self {
            source: format!("start: {value}"),
            parts: vec![("schema".to_owned(), format!("start: {value}"))],
        })
    }

    /// A call of a tool, and behind it whatever the model says if there may be several.
    ///
    /// # Errors
    ///
    /// [`Error::Invalid`](crate::Error::Invalid) for no tool or more than 256, or parameters that
    /// [`json_schema`](Self::json_schema) refuses.
    pub fn calls(calls: &Calls<'_>) -> Result<Self> {
        let (rules, parts) = calls.rules()?;
        Ok(Self { source: format!("start: calls\n{rules}"), parts })
    }

    /// The same, or else a JSON value that fits a schema.
    pub fn calls_or_json(calls: &Calls<'_>, schema: &Value) -> Result<Self> {
        schema::check("schema", schema)?;
        let value = json(schema);
        let (rules, mut parts) = calls.rules()?;
        parts.push(("schema".to_owned(), format!("start: {value}")));
        Ok(Self { source: format!("start: calls | answer\n{rules}answer: {value}\n"), parts })
    }

    /// What this source says, in the dialect of Lark that `llguidance` reads.
    pub fn lark(source: impl Into<String>) -> Self {
        Self { source: source.into(), parts: Vec::new() }
    }

    pub(super) fn source(&self) -> &str {
        &self.source
    }

    pub(super) fn parts(&self) -> impl Iterator<Item = (&str, &str)> {
        self.parts.iter().map(|(name, source)| (name.as_str(), source.as_str()))
    }
}

/// A value that fits a checked schema, on one line or several, as a part of a rule.
pub(super) fn loose_json(schema: &Value) -> String {
    format!("%json {}", schema::loose(schema))
}

/// A value that fits a checked schema, as a part of a rule.
pub(super) fn json(schema: &Value) -> String {
    format!("%json {}", schema::prepared(schema))
}
