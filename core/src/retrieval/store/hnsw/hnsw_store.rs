use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError, RwLock, RwLockReadGuard, RwLockWriteGuard};

use async_trait::async_trait;

use super::HnswOptions;
use super::state::State;
use crate::retrieval::blocking::blocking;
use crate::retrieval::store::rows::Rows;
use crate::retrieval::store::{FlatStore, Metric};
use crate::retrieval::{Neighbour, VectorRow, VectorStore};
use crate::{Error, Result};

/// Approximate search for many vectors: an immutable graph, and the rows that changed since it was built.
///
/// New rows are found at once, by exact search, until a rebuild in the background takes them into a new
/// graph; searches go on meanwhile. Removed rows are skipped and leave with the next rebuild. Scores are
/// exact; what is approximate is which rows are compared.
///
/// Dropping the last handle stops a rebuild.
#[derive(Debug, Clone)]
pub struct HnswStore {
    shared: Arc<Shared>,
    /// Dropped with the last handle; the builder holds `shared` only.
    _stop: Arc<StopOnDrop>,
}

#[derive(Debug)]
struct Shared {
    options: HnswOptions,
    state: RwLock<State>,
    building: Mutex<bool>,
    built: Condvar,
    stop: AtomicBool,
}

#[derive(Debug)]
struct StopOnDrop(Arc<Shared>);

impl Drop for StopOnDrop {
    fn drop(&mut self) {
        self.0.stop.store(true, Ordering::Relaxed);
    }
}

impl HnswStore {
    /// An empty store for vectors of this length.
    ///
    /// # Errors
    ///
    /// [`Error::Invalid`] when an option is out of its range.
    pub fn new(dimensions: usize, metric: Metric, options: HnswOptions) -> Result<Self> {
        Self::from_rows(Rows::new(dimensions, metric), metric, options)
    }

    /// Takes over the rows of an exact store.
    pub(in crate::retrieval) fn from_flat(
        flat: &FlatStore,
        metric: Metric,
        options: HnswOptions,
    ) -> Result<Self> {
        let store = Self::from_rows(flat.rows(), metric, options)?;
        store.rebuild_when_stale();
        Ok(store)
    }

    fn from_rows(rows: Rows, metric: Metric, options: HnswOptions) -> Result<Self> {
        options.check()?;
        let shared = Arc::new(Shared {
            options,
            state: RwLock::new(State::new(metric, rows)),
            building: Mutex::new(false),
            built: Condvar::new(),
            stop: AtomicBool::new(false),
        });
        Ok(Self { _stop: Arc::new(StopOnDrop(Arc::clone(&shared))), shared })
    }

    /// Waits until the graph covers every row that is stored now, building it anew where it does not.
    pub async fn rebuild(&self) -> Result<()> {
        let store = self.clone();
        blocking("graph builder", move || {
            store.shared.wait_until_built();
            if store.shared.read().stale() > 0 {
                store.start_rebuild()?;
                store.shared.wait_until_built();
            }
            Ok(())
        })
        .await
    }

    /// How many rows the graph covers; the others are searched exactly.
    pub fn rows_in_graph(&self) -> usize {
        self.shared.read().live_in_graph()
    }

    /// [`VectorStore::upsert`] for callers that may block.
    pub(in crate::retrieval) fn put(&self, rows: &[VectorRow]) -> Result<()> {
        let prepared = self.shared.read().rows().prepare_all(rows)?;
        self.shared.write().put(&prepared);
        self.rebuild_when_stale();
        Ok(())
    }

    /// [`VectorStore::search`] for callers that may block.
    pub(in crate::retrieval) fn nearest(&self, vector: &[f32], k: usize) -> Result<Vec<Neighbour>> {
        self.shared.read().nearest(vector, k, &self.shared.options)
    }

    /// [`VectorStore::delete`] for callers that may block.
    pub(in crate::retrieval) fn remove(&self, ids: &[u64]) {
        self.shared.write().remove(ids);
        self.rebuild_when_stale();
    }

    /// The number of rows.
    pub(in crate::retrieval) fn len(&self) -> usize {
        self.shared.read().rows().len()
    }

    /// The same rows in an exact store.
    pub(in crate::retrieval) fn to_flat(&self) -> FlatStore {
        FlatStore::from_rows(self.shared.read().rows().compacted())
    }

    fn rebuild_when_stale(&self) {
        if self.shared.is_stale()
            && let Err(error) = self.start_rebuild()
        {
            tracing::warn!(error = error.chain(), "the graph is not rebuilt, rows are searched exactly");
        }
    }

    /// Starts the builder unless it runs already.
    fn start_rebuild(&self) -> Result<()> {
        let mut building = self.shared.building();
        if *building {
            return Ok(());
        }
        let shared = Arc::clone(&self.shared);
        std::thread::Builder::new()
            .name("rushlight-graph".to_owned())
            .spawn(move || {
                let finished = BuildingGuard(&shared);
                shared.rebuild();
                drop(finished);
            })
            .map_err(|error| Error::io("start a thread for", "the graph", error))?;
        *building = true;
        Ok(())
    }
}

impl Shared {
    /// Builds graphs until one covers nearly all that changed meanwhile.
    fn rebuild(&self) {
        loop {
            let (copied, metric) = {
                let state = self.read();
                (state.copy(), state.metric())
            };
            let Some(rebuilt) = copied.build(metric, &self.options, &self.stop) else {
                return;
            };
            let old = self.write().adopt(rebuilt);
            drop(old);
            if !self.is_stale() {
                return;
            }
        }
    }

    fn is_stale(&self) -> bool {
        let state = self.read();
        state.stale() > self.options.rebuild_after.max(state.rows().len() / 10)
    }

    fn wait_until_built(&self) {
        let building = self.building();
        drop(self.built.wait_while(building, |building| *building));
    }

    fn building(&self) -> MutexGuard<'_, bool> {
        self.building.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn read(&self) -> RwLockReadGuard<'_, State> {
        self.state.read().unwrap_or_else(PoisonError::into_inner)
    }

    fn write(&self) -> RwLockWriteGuard<'_, State> {
        self.state.write().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Marks the end of a rebuild, also of one that panicked.
struct BuildingGuard<'a>(&'a Shared);

impl Drop for BuildingGuard<'_> {
    fn drop(&mut self) {
        *self.0.building() = false;
        self.0.built.notify_all();
    }
}

#[async_trait]
impl VectorStore for HnswStore {
    async fn upsert(&self, rows: Vec<VectorRow>) -> Result<()> {
        let store = self.clone();
        blocking("vector store", move || store.put(&rows)).await
    }

    async fn search(&self, vector: &[f32], k: usize) -> Result<Vec<Neighbour>> {
        let store = self.clone();
        let vector = vector.to_vec();
        blocking("vector store", move || store.nearest(&vector, k)).await
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
