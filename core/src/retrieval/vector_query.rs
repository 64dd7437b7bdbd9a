use std::collections::BTreeMap;

use super::Filter;

/// A vector that is stored under an id of the caller's.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct VectorRow {
    /// The caller's id.
    pub id: u64,
    /// The vector; all rows of a store have the same length.
    pub vector: Vec<f32>,
    /// Fields that a search can filter by.
    pub metadata: BTreeMap<String, String>,
}

impl VectorRow {
    /// A row without fields.
    pub fn new(id: u64, vector: Vec<f32>) -> Self {
        Self { id, vector, metadata: BTreeMap::new() }
    }

    /// The same row with one more field.
    #[must_use]
    pub fn field(mut self, name: impl Into<String>, value: impl Into<String>) -> Self {
        self.metadata.insert(name.into(), value.into());
        self
    }
}

/// What to look for among vectors.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct VectorQuery {
    /// The vector, as long as those of the rows.
    pub vector: Vec<f32>,
    /// At most this many rows.
    pub k: usize,
    /// Which rows may be found; all of them if there is none.
    pub filter: Option<Filter>,
}

impl VectorQuery {
    /// The `k` nearest of all rows.
    pub fn new(vector: Vec<f32>, k: usize) -> Self {
        Self { vector, k, filter: None }
    }

    /// The same query among the rows that match `filter`.
    #[must_use]
    pub fn filter(mut self, filter: Filter) -> Self {
        self.filter = Some(filter);
        self
    }
}

/// One result of [`VectorStore::search`](super::VectorStore::search).
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Neighbour {
    /// The row's id.
    pub id: u64,
    /// Similarity, higher is nearer: the cosine, the dot product, or the negated Euclidean distance.
    pub score: f32,
}
