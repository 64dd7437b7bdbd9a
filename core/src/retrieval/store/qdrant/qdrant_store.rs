use std::fmt;
use std::sync::Arc;

use async_trait::async_trait;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use ureq::http::Method;

use super::request::{Points, Search};
use super::server::Server;
use super::{QdrantOptions, request};
use crate::retrieval::store::remote::{prepared, settled};
use crate::retrieval::{Metric, Neighbour, VectorQuery, VectorRow, VectorStore};
use crate::{Error, Result};

/// A search for more rows than this first asks how many there are.
const MANY: usize = 1_000;

/// Vectors in a collection of Qdrant 1.10 or newer, over its HTTP interface.
///
/// The collection and the indexes of its filters are made when a store is opened. A row's fields are its payload's `metadata`;
/// `has`, `is` and `begins` beside it are words for filters.
///
/// An upsert is one request and one entry in the server's log: it is stored whole or refused whole, also when it is larger
/// than the server takes (32 MiB by default). The server puts points in one after the other, so a search at the same time
/// may see the first of them already; this is the one promise of [`VectorStore`] that Qdrant does not keep.
///
/// Redirects are not followed, and nothing is asked again when a request fails. Clones share their connections.
///
/// # Cancellation
///
/// Dropping the future sends no further request; the one under way ends by itself.
#[derive(Clone)]
pub struct QdrantStore {
    server: Arc<Server>,
    dimensions: usize,
    options: Arc<QdrantOptions>,
}

#[derive(Deserialize)]
struct Found {
    points: Vec<Point>,
}

#[derive(Deserialize)]
struct Point {
    id: u64,
    score: f32,
}

#[derive(Deserialize)]
struct Count {
    count: usize,
}

impl QdrantStore {
    /// A store on the server at `url`, for example `http://localhost:6333`, for vectors of this length.
    ///
    /// # Errors
    ///
    /// [`Error::Invalid`] for an option out of its range, or a collection of other dimensions or another metric;
    /// [`Error::Timeout`] or [`Error::Foreign`] if the server does not answer or refuses.
    pub async fn open(url: &str, dimensions: usize, options: QdrantOptions) -> Result<Self> {
        options.check()?;
        if dimensions == 0 {
            return Err(Error::invalid("`dimensions`", "expected at least 1, got 0"));
        }
        let server = Arc::new(Server::new(url, &options)?);
        let store = Self { server, dimensions, options: Arc::new(options) };
        let known = Server::ask(&store.server, Method::GET, "", &Value::Null).await?;
        if let Some(collection) = known {
            store.check(&collection["config"]["params"]["vectors"])?;
        } else {
            let collection = request::collection(dimensions, &store.options);
            store.ask::<Value>(Method::PUT, "", &collection).await?;
        }
        // Also where a collection was made before, but perhaps not its indexes.
        for words in request::WORDS {
            store.ask::<Value>(Method::PUT, "/index?wait=true", &request::index(words)).await?;
        }
        Ok(store)
    }

    /// Refuses a collection that was made for something else.
    fn check(&self, vectors: &Value) -> Result<()> {
        let name = &self.options.collection;
        if vectors["size"] != json!(self.dimensions) {
            let message =
                format!("expected {}, which `{name}` has, got {}", vectors["size"], self.dimensions);
            return Err(Error::invalid("`dimensions`", message));
        }
        let distance = request::distance(self.options.metric);
        if vectors["distance"] != distance {
            let message = format!("expected {}, which `{name}` has, got \"{distance}\"", vectors["distance"]);
            return Err(Error::invalid("`metric`", message));
        }
        Ok(())
    }

    async fn ask<T: DeserializeOwned>(
        &self,
        method: Method,
        path: &'static str,
        body: &impl Serialize,
    ) -> Result<T> {
        let result = Server::ask(&self.server, method, path, body).await?;
        let result = result.ok_or_else(|| self.server.failed("it is not there any more"))?;
        serde_json::from_value(result).map_err(|error| self.server.failed(error))
    }

    /// The score of ours for one of Qdrant's, which gives distances as they are.
    fn neighbour(&self, point: &Point) -> Neighbour {
        let score = if self.options.metric == Metric::L2 { 0.0 - point.score } else { point.score };
        Neighbour { id: point.id, score }
    }
}

#[async_trait]
impl VectorStore for QdrantStore {
    async fn upsert(&self, rows: Vec<VectorRow>) -> Result<()> {
        let rows = prepared(self.dimensions, self.options.metric, rows)?;
        if rows.is_empty() {
            return Ok(());
        }
        let points = Points::new(&rows, self.options.prefix_length);
        self.ask::<Value>(Method::PUT, "/points?wait=true", &points).await.map(drop)
    }

    async fn search(&self, query: &VectorQuery) -> Result<Vec<Neighbour>> {
        Metric::check(self.dimensions, &query.vector)?;
        let k = if query.k > MANY { query.k.min(self.count().await?) } else { query.k };
        if k == 0 {
            return Ok(Vec::new());
        }
        let vector = self.options.metric.prepare(&query.vector);
        let mut limit = k.saturating_add(1);
        loop {
            let request = Search::new(&vector, query.filter.as_ref(), limit, &self.options)?;
            let found: Found = self.ask(Method::POST, "/points/query", &request).await?;
            let found: Vec<Neighbour> = found.points.iter().map(|point| self.neighbour(point)).collect();
            if let Some(nearest) = settled(&found, k, limit) {
                return Ok(nearest);
            }
            limit = limit.saturating_mul(2);
        }
    }

    async fn delete(&self, ids: &[u64]) -> Result<()> {
        if ids.is_empty() {
            return Ok(());
        }
        let points = json!({ "points": ids });
        self.ask::<Value>(Method::POST, "/points/delete?wait=true", &points).await.map(drop)
    }

    async fn count(&self) -> Result<usize> {
        let count: Count = self.ask(Method::POST, "/points/count", &json!({ "exact": true })).await?;
        Ok(count.count)
    }
}

impl fmt::Debug for QdrantStore {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("QdrantStore")
            .field("dimensions", &self.dimensions)
            .field("options", &self.options)
            .finish_non_exhaustive()
    }
}
