use std::fmt;
use std::time::Duration;

use serde::Deserialize;

use crate::retrieval::Metric;
use crate::setters::setters;
use crate::{Error, Result};

/// Settings of a [`QdrantStore`](super::QdrantStore).
#[derive(Clone, PartialEq, Eq, Deserialize)]
#[serde(default, deny_unknown_fields)]
#[non_exhaustive]
pub struct QdrantOptions {
    /// The collection, made if it is not there: letters, digits, `_` and `-`. Default `rushlight`.
    pub collection: String,
    /// What nearness means; that of the collection for its life. Default the cosine.
    pub metric: Metric,
    /// Goes with every request, and is never shown. Default none.
    pub api_key: Option<String>,
    /// Neighbours of a node of the graph; counts when the collection is made. Default 16.
    pub m: usize,
    /// Candidates considered for each node while the graph grows; counts when the collection is made. Default 100.
    pub ef_construction: usize,
    /// Candidates considered by a search. More finds more and takes longer. Default 128.
    pub ef: usize,
    /// Characters that [`Filter::StartsWith`](crate::retrieval::Filter::StartsWith) can ask for; each is an entry of the index for every
    /// value that is as long. Counts when a row is stored and when a search is made. Default 32.
    pub prefix_length: usize,
    /// How long a request may take. Default 30 s.
    pub timeout: Duration,
}

setters!(QdrantOptions {
    collection: String,
    metric: Metric,
    m: usize,
    ef_construction: usize,
    ef: usize,
    prefix_length: usize,
    timeout: Duration;
    api_key: String
});

impl Default for QdrantOptions {
    fn default() -> Self {
        Self {
            collection: "rushlight".to_owned(),
            metric: Metric::Cosine,
            api_key: None,
            m: 16,
            ef_construction: 100,
            ef: 128,
            prefix_length: 32,
            timeout: Duration::from_secs(30),
        }
    }
}

impl QdrantOptions {
    pub(super) fn check(&self) -> Result<()> {
        let is_name = |letter: char| letter.is_ascii_alphanumeric() || letter == '_' || letter == '-';
        if self.collection.is_empty() || self.collection.len() > 255 || !self.collection.chars().all(is_name)
        {
            let message =
                format!("expected 1 to 255 letters, digits, `_` and `-`, got {:?}", self.collection);
            return Err(Error::invalid("`collection`", message));
        }
        let sizes = [
            ("`m`", self.m, 2),
            ("`ef_construction`", self.ef_construction, 4),
            ("`ef`", self.ef, 1),
            ("`prefix_length`", self.prefix_length, 1),
        ];
        match sizes.into_iter().find(|(_, size, least)| size < least) {
            Some((what, size, least)) => {
                Err(Error::invalid(what, format!("expected at least {least}, got {size}")))
            }
            None => Ok(()),
        }
    }
}

impl fmt::Debug for QdrantOptions {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { collection, metric, api_key, m, ef_construction, ef, prefix_length, timeout } = self;
        formatter
            .debug_struct("QdrantOptions")
            .field("collection", collection)
            .field("metric", metric)
            .field("api_key", &api_key.as_ref().map(|_secret| "…"))
            .field("m", m)
            .field("ef_construction", ef_construction)
            .field("ef", ef)
            .field("prefix_length", prefix_length)
            .field("timeout", timeout)
            .finish()
    }
}
