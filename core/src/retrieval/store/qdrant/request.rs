//! What Qdrant is asked, as JSON (<https://api.qdrant.tech>).
//!
//! Conditions are about three lists of words in a point's payload, because Qdrant neither matches beginnings nor takes a field's
//! name as it is: `has` the fields' names, `is` them with their values, `begins` them with what their values begin with. A
//! word is a JSON array, so that no name can be mistaken for a part of a value.

use std::collections::BTreeMap;

use serde::Serialize;
use serde_json::{Value, json};

use super::QdrantOptions;
use crate::retrieval::{Filter, Metric, VectorRow};
use crate::{Error, Result};

/// The lists of words, each of which has an index.
pub(super) const WORDS: [&str; 3] = ["has", "is", "begins"];

/// Qdrant's name of a metric.
pub(super) fn distance(metric: Metric) -> &'static str {
    match metric {
        Metric::Cosine => "Cosine",
        Metric::Dot => "Dot",
        Metric::L2 => "Euclid",
    }
}

/// Makes a collection.
pub(super) fn collection(dimensions: usize, options: &QdrantOptions) -> Value {
    json!({
        "vectors": { "size": dimensions, "distance": distance(options.metric) },
        "hnsw_config": { "m": options.m, "ef_construct": options.ef_construction },
    })
}

/// Makes an index over a list of words.
pub(super) fn index(words: &str) -> Value {
    json!({ "field_name": words, "field_schema": "keyword" })
}

/// Stores rows.
#[derive(Serialize)]
pub(super) struct Points<'a> {
    points: Vec<Point<'a>>,
}

#[derive(Serialize)]
struct Point<'a> {
    id: u64,
    vector: &'a [f32],
    payload: Value,
}

impl<'a> Points<'a> {
    pub(super) fn new(rows: &'a [VectorRow], prefix_length: usize) -> Self {
        let point = |row: &'a VectorRow| {
            let payload = payload(&row.metadata, prefix_length);
            Point { id: row.id, vector: &row.vector, payload }
        };
        Self { points: rows.iter().map(point).collect() }
    }
}

/// Finds rows.
#[derive(Serialize)]
pub(super) struct Search<'a> {
    query: &'a [f32],
    limit: usize,
    params: Value,
    with_payload: bool,
    with_vector: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    filter: Option<Value>,
}

impl<'a> Search<'a> {
    pub(super) fn new(
        query: &'a [f32],
        filter: Option<&Filter>,
        limit: usize,
        options: &QdrantOptions,
    ) -> Result<Self> {
        let filter = filter.map(|filter| condition(filter, options.prefix_length)).transpose()?;
        let params = json!({ "hnsw_ef": options.ef.max(limit) });
        Ok(Self { query, limit, params, with_payload: false, with_vector: false, filter })
    }
}

/// The fields themselves, for those who read the collection otherwise, and the words about them.
fn payload(metadata: &BTreeMap<String, String>, prefix_length: usize) -> Value {
    let has: Vec<String> = metadata.keys().map(|field| word(&[field])).collect();
    let is: Vec<String> = metadata.iter().map(|(field, value)| word(&[field, value])).collect();
    let begins = metadata.iter().flat_map(|(field, value)| {
        let ends = value.char_indices().map(|(start, letter)| start + letter.len_utf8());
        ends.take(prefix_length).map(move |end| word(&[field, &value[..end]]))
    });
    json!({ "metadata": metadata, "has": has, "is": is, "begins": begins.collect::<Vec<_>>() })
}

/// A filter as Qdrant has it.
fn condition(filter: &Filter, prefix_length: usize) -> Result<Value> {
    let conditions = |filters: &[Filter]| -> Result<Vec<Value>> {
        filters.iter().map(|filter| condition(filter, prefix_length)).collect()
    };
    Ok(match filter {
        Filter::Equals { field, value } => matched("is", &json!({ "value": word(&[field, value]) })),
        Filter::AnyOf { values, .. } if values.is_empty() => nothing(),
        Filter::AnyOf { field, values } => {
            let words: Vec<String> = values.iter().map(|value| word(&[field, value])).collect();
            matched("is", &json!({ "any": words }))
        }
        Filter::Exists { field } => matched("has", &json!({ "value": word(&[field]) })),
        Filter::StartsWith { field, prefix } if prefix.is_empty() => {
            condition(&Filter::exists(field.clone()), prefix_length)?
        }
        Filter::StartsWith { field, prefix } => {
            let length = prefix.chars().count();
            if length > prefix_length {
                let message = format!("expected at most {prefix_length} characters, got {length}");
                return Err(Error::invalid("`starts_with` of the filter", message));
            }
            matched("begins", &json!({ "value": word(&[field, prefix]) }))
        }
        Filter::All(filters) => json!({ "must": conditions(filters)? }),
        Filter::Any(filters) if filters.is_empty() => nothing(),
        Filter::Any(filters) => json!({ "should": conditions(filters)? }),
        Filter::Not(filter) => json!({ "must_not": [condition(filter, prefix_length)?] }),
    })
}

/// A filter on one list of words.
fn matched(words: &str, with: &Value) -> Value {
    json!({ "must": [{ "key": words, "match": with }] })
}

/// A filter that holds for no point: none has an id of an empty list.
fn nothing() -> Value {
    json!({ "must": [{ "has_id": [] }] })
}

fn word(parts: &[&str]) -> String {
    json!(parts).to_string()
}

#[cfg(test)]
mod tests;
