use std::sync::{Arc, PoisonError, RwLock, RwLockReadGuard, RwLockWriteGuard};

use async_trait::async_trait;

use super::exact::{ExactSearch, SHORT};
use super::rows::Rows;
use super::{Metric, Nearest, on_all_threads};
use crate::Result;
use crate::retrieval::blocking::blocking;
use crate::retrieval::metadata::{IdSet, MetadataIndex};
use crate::retrieval::{Neighbour, VectorQuery, VectorRow, VectorStore};

/// Exact search over vectors in memory: every row is compared, nothing is missed.
///
/// The right store for some thousand vectors, and the oracle for the approximate ones. Each value is
/// kept in 24 bits, a share of the vector's largest one: a byte of it bounds how near a vector can be, and those that
/// can be among the nearest are scored with all of them.
#[derive(Debug, Clone)]
pub struct FlatStore {
    stored: Arc<RwLock<Stored>>,
}

#[derive(Debug)]
struct Stored {
    rows: Rows,
    metadata: MetadataIndex,
}

impl FlatStore {
    /// An empty store for vectors of this length.
    pub fn new(dimensions: usize, metric: Metric) -> Self {
        Self::from_parts(Rows::new(dimensions, metric), MetadataIndex::default())
    }

    /// [`VectorStore::upsert`] for callers that may block.
    pub(in crate::retrieval) fn put(&self, rows: &[VectorRow]) -> Result<()> {
        let prepared = self.read().rows.prepare_all(rows)?;
        let mut stored = self.write();
        for (row, vector) in rows.iter().zip(prepared) {
            stored.rows.put(row.id, &vector);
            stored.metadata.add(row.id, &row.metadata);
        }
        stored.compact_when_wasteful();
        Ok(())
    }

    /// [`VectorStore::search`] for callers that may block.
    pub(in crate::retrieval) fn find(&self, query: &VectorQuery) -> Result<Vec<Neighbour>> {
        let stored = self.read();
        let only = query.filter.as_ref().map(|filter| stored.metadata.select(filter));
        stored.nearest(&query.vector, query.k, only.as_deref())
    }

    /// [`find`](Self::find) where it takes less time than to wake a thread for it.
    fn find_at_once(&self, query: &VectorQuery) -> Option<Result<Vec<Neighbour>>> {
        let stored = self.stored.try_read().ok()?;
        let only = query.filter.as_ref().map(|filter| stored.metadata.select(filter));
        let rows = only.as_ref().map_or(stored.rows.slots(), |ids| ids.len() as usize);
        let values = rows.saturating_mul(query.vector.len());
        (values <= SHORT).then(|| stored.nearest(&query.vector, query.k, only.as_deref()))
    }

    /// The `k` nearest rows, of those of `only` if it is given.
    pub(in crate::retrieval) fn nearest(
        &self,
        vector: &[f32],
        k: usize,
        only: Option<&IdSet>,
    ) -> Result<Vec<Neighbour>> {
        self.read().nearest(vector, k, only)
    }

    /// [`VectorStore::delete`] for callers that may block.
    pub(in crate::retrieval) fn remove(&self, ids: &[u64]) {
        let mut stored = self.write();
        for id in ids {
            stored.rows.remove(*id);
            stored.metadata.remove(*id);
        }
        stored.compact_when_wasteful();
    }

    /// The ids of all rows, in no order.
    pub(in crate::retrieval) fn ids(&self) -> Vec<u64> {
        self.read().rows.ids().collect()
    }

    /// Whether there is a row of this id, and whether it is stored with this vector.
    pub(in crate::retrieval) fn holds(&self, id: u64, vector: &[f32]) -> Option<bool> {
        let stored = self.read();
        let rows = &stored.rows;
        rows.contains(id).then(|| rows.prepare(vector).is_ok_and(|vector| rows.holds(id, &vector)))
    }

    /// The number of rows.
    pub(in crate::retrieval) fn len(&self) -> usize {
        self.read().rows.len()
    }

    /// A copy of the rows, by ascending id, and of their metadata.
    pub(super) fn parts(&self) -> (Rows, MetadataIndex) {
        let stored = self.read();
        (stored.rows.compacted(), stored.metadata.clone())
    }

    pub(super) fn from_parts(rows: Rows, metadata: MetadataIndex) -> Self {
        Self { stored: Arc::new(RwLock::new(Stored { rows, metadata })) }
    }

    fn read(&self) -> RwLockReadGuard<'_, Stored> {
        self.stored.read().unwrap_or_else(PoisonError::into_inner)
    }

    fn write(&self) -> RwLockWriteGuard<'_, Stored> {
        self.stored.write().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Stored {
    fn nearest(&self, vector: &[f32], k: usize, only: Option<&IdSet>) -> Result<Vec<Neighbour>> {
        let target = self.rows.target(vector)?;
        let k = k.min(self.rows.len());
        if k == 0 {
            return Ok(Vec::new());
        }
        let mut nearest = Nearest::new(k);
        let mut search = ExactSearch::new(&self.rows, &target, k);
        match only {
            Some(ids) => search.scan_listed(&self.rows.slots_of(ids)),
            None => search.scan(0..self.rows.slots()),
        }
        search.finish(&mut nearest);
        Ok(nearest.into_neighbours())
    }

    fn compact_when_wasteful(&mut self) {
        if self.rows.dead() > self.rows.len() + 1_000 {
            self.rows = self.rows.compacted();
        }
    }
}

#[async_trait]
impl VectorStore for FlatStore {
    async fn upsert(&self, rows: Vec<VectorRow>) -> Result<()> {
        let store = self.clone();
        blocking("vector store", move || store.put(&rows)).await
    }

    async fn search(&self, query: &VectorQuery) -> Result<Vec<Neighbour>> {
        if let Some(found) = self.find_at_once(query) {
            return found;
        }
        let store = self.clone();
        let query = query.clone();
        blocking("vector store", move || store.find(&query)).await
    }

    async fn search_all(&self, queries: &[VectorQuery]) -> Result<Vec<Vec<Neighbour>>> {
        let store = self.clone();
        let queries = queries.to_vec();
        blocking("vector store", move || on_all_threads(&queries, |query| store.find(query))).await
    }

    async fn delete(&self, ids: &[u64]) -> Result<()> {
        self.remove(ids);
        Ok(())
    }

    async fn count(&self) -> Result<usize> {
        Ok(self.len())
    }
}

#[cfg(test)]
mod tests;
