use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::Filter;

/// A text to store, with where it came from.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Document {
    /// Unique in a store: a path, a URL or a name of the caller's. Storing it again replaces the document.
    pub source: String,
    /// Its title; empty if there is none.
    pub title: String,
    /// The text, as plain text or Markdown.
    pub text: String,
    /// The caller's own fields, kept with every passage.
    #[serde(default)]
    pub metadata: BTreeMap<String, String>,
}

impl Document {
    /// A document without title and fields.
    pub fn new(source: impl Into<String>, text: impl Into<String>) -> Self {
        Self { source: source.into(), title: String::new(), text: text.into(), metadata: BTreeMap::new() }
    }

    /// The same document with a title.
    #[must_use]
    pub fn title(mut self, title: impl Into<String>) -> Self {
        self.title = title.into();
        self
    }

    /// The same document with one more field.
    #[must_use]
    pub fn field(mut self, name: impl Into<String>, value: impl Into<String>) -> Self {
        self.metadata.insert(name.into(), value.into());
        self
    }
}

/// What to look for.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Query {
    /// The question.
    pub text: String,
    /// At most this many passages. Default 5.
    pub k: usize,
    /// Which passages may be found, by the fields of their documents and [`Filter::SOURCE`]; all of them if there is
    /// none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub filter: Option<Filter>,
}

impl Query {
    /// A query for the default number of passages.
    pub fn new(text: impl Into<String>) -> Self {
        Self { text: text.into(), k: 5, filter: None }
    }

    /// The same query for at most `k` passages.
    #[must_use]
    pub fn k(mut self, k: usize) -> Self {
        self.k = k;
        self
    }

    /// The same query among the passages that match `filter`.
    #[must_use]
    pub fn filter(mut self, filter: Filter) -> Self {
        self.filter = Some(filter);
        self
    }
}

/// A piece of a stored document that may answer a question.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Passage {
    /// Stable while the document does not change: `source#number`.
    pub id: String,
    /// The document's source.
    pub source: String,
    /// The document's title.
    pub title: String,
    /// The headings above the passage, outermost first.
    pub headings: Vec<String>,
    /// The text, as it stands in the document.
    pub text: String,
    /// Byte offset of the text in the document.
    pub start: usize,
    /// The document's fields.
    pub metadata: BTreeMap<String, String>,
    /// The score that decided the order; higher is better.
    pub score: f32,
    /// The score of every stage that saw the passage.
    pub scores: Scores,
}

impl Passage {
    /// A passage without title, fields and scores, for a [`Retriever`](crate::Retriever) of the caller's own.
    pub fn new(id: impl Into<String>, source: impl Into<String>, text: impl Into<String>) -> Self {
        Self {
            id: id.into(),
            source: source.into(),
            title: String::new(),
            headings: Vec::new(),
            text: text.into(),
            start: 0,
            metadata: BTreeMap::new(),
            score: 0.0,
            scores: Scores::default(),
        }
    }
}

/// Scores of a passage, stage by stage; a stage that did not see it gives none.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Scores {
    /// Similarity of the vectors.
    pub dense: Option<f32>,
    /// BM25.
    pub lexical: Option<f32>,
    /// Reciprocal-rank fusion.
    pub fused: Option<f32>,
    /// A [`Reranker`](crate::Reranker).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reranked: Option<f32>,
    /// Maximal marginal relevance: [`diversify`](crate::retrieval::diversify).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub mmr: Option<f32>,
}
