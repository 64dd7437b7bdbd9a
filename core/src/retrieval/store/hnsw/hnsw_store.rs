use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError, RwLock, RwLockReadGuard, RwLockWriteGuard};

use async_trait::async_trait;

use super::HnswOptions;
use super::graph_file::GraphFile;
use super::state::State;
use crate::retrieval::blocking::blocking;
use crate::retrieval::metadata::{IdSet, MetadataIndex};
use crate::retrieval::store::exact::SHORT;
use crate::retrieval::store::rows::Rows;
use crate::retrieval::store::{FlatStore, Metric, on_all_threads};
use crate::retrieval::{Neighbour, VectorQuery, VectorRow, VectorStore};
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
    /// What this handle's searches consider.
    ef: usize,
    /// Dropped with the last handle; the builder holds `shared` only.
    _stop: Arc<StopOnDrop>,
}

#[derive(Debug)]
struct Shared {
    options: HnswOptions,
    /// Where rebuilds are stored.
    file: Option<GraphFile>,
    state: RwLock<State>,
    building: Mutex<Building>,
    built: Condvar,
    stop: AtomicBool,
}

#[derive(Debug, Default)]
struct Building {
    running: bool,
    /// Whether the last graph could not be stored.
    unsaved: bool,
    /// Why not, until somebody was told.
    failure: Option<Error>,
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
        options.check()?;
        let state = State::new(Rows::new(dimensions, metric), MetadataIndex::default());
        Ok(Self::begin(state, None, options))
    }

    /// The store that is kept in the file at `path`; an empty one if there is no file yet.
    ///
    /// Every rebuild replaces the file by one with all rows that the new graph covers; rows that are stored later are
    /// in the next one, so [`rebuild`](Self::rebuild) is how to save all. Two of the three bytes that a vector has for each
    /// value stay in the file, mapped into memory. A crash leaves the file before or the file after. One store may have
    /// it open at a time.
    ///
    /// # Errors
    ///
    /// [`Error::Invalid`] when an option is out of its range, or the file holds vectors of another length or metric or
    /// is of a newer version; [`Error::Corrupt`] when it is damaged; [`Error::Io`] when it cannot be read.
    pub fn open(
        path: impl Into<PathBuf>,
        dimensions: usize,
        metric: Metric,
        options: HnswOptions,
    ) -> Result<Self> {
        options.check()?;
        let file = GraphFile::new(path.into());
        file.remove_leftovers();
        let state = State::load(&file, dimensions, metric, &options)?;
        Ok(Self::begin(state, Some(file), options))
    }

    /// What [`open`](Self::open) gives, in memory from then on: the file is never changed.
    pub(in crate::retrieval) fn open_read_only(
        path: PathBuf,
        dimensions: usize,
        metric: Metric,
        options: HnswOptions,
    ) -> Result<Self> {
        options.check()?;
        let state = State::load(&GraphFile::new(path), dimensions, metric, &options)?;
        Ok(Self::begin(state, None, options))
    }

    /// The rows that a file holds, without its graph; nothing if there is no file. Errors as for [`open`](Self::open).
    pub(in crate::retrieval) fn rows_of(
        path: PathBuf,
        dimensions: usize,
        metric: Metric,
    ) -> Result<Option<FlatStore>> {
        let stored = GraphFile::new(path).load(dimensions, metric, &HnswOptions::default())?;
        Ok(stored.map(|stored| FlatStore::from_parts(stored.rows, stored.metadata)))
    }

    /// Takes over the rows of an exact store, to be kept in a file if there is one.
    pub(in crate::retrieval) fn from_flat(
        flat: &FlatStore,
        file: Option<PathBuf>,
        options: HnswOptions,
    ) -> Result<Self> {
        options.check()?;
        let (rows, metadata) = flat.parts();
        Ok(Self::begin(State::new(rows, metadata), file.map(GraphFile::new), options))
    }

    fn begin(state: State, file: Option<GraphFile>, options: HnswOptions) -> Self {
        let ef = options.ef;
        let shared = Arc::new(Shared {
            options,
            file,
            state: RwLock::new(state),
            building: Mutex::default(),
            built: Condvar::new(),
            stop: AtomicBool::new(false),
        });
        let store = Self { _stop: Arc::new(StopOnDrop(Arc::clone(&shared))), shared, ef };
        store.rebuild_when_stale();
        store
    }

    /// Another handle to the same rows and the same graph, whose searches consider `ef` candidates
    /// ([`HnswOptions::ef`]): for callers that need other accuracy.
    ///
    /// # Errors
    ///
    /// [`Error::Invalid`] for 0.
    pub fn with_ef(&self, ef: usize) -> Result<Self> {
        self.shared.options.clone().ef(ef).check()?;
        Ok(Self { ef, ..self.clone() })
    }

    /// Waits until the graph covers every row that is stored now, building it anew where it does not.
    ///
    /// # Errors
    ///
    /// [`Error::Io`] when the store is kept in a file that cannot be written; searches use the new graph all the same.
    pub async fn rebuild(&self) -> Result<()> {
        let store = self.clone();
        blocking("graph builder", move || {
            let unsaved = store.shared.wait_until_built().unsaved;
            if unsaved || store.shared.read().stale() > 0 {
                store.start_rebuild()?;
            }
            store.shared.wait_until_built().failure.take().map_or(Ok(()), Err)
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
        self.shared.write().put(rows, &prepared);
        self.rebuild_when_stale();
        Ok(())
    }

    /// [`VectorStore::search`] for callers that may block.
    pub(in crate::retrieval) fn find(&self, query: &VectorQuery) -> Result<Vec<Neighbour>> {
        let state = self.shared.read();
        let only = query.filter.as_ref().map(|filter| state.metadata().select(filter));
        state.nearest(&query.vector, query.k, only.as_deref(), &self.options())
    }

    /// [`find`](Self::find) where it takes less time than to wake a thread for it.
    fn find_at_once(&self, query: &VectorQuery) -> Option<Result<Vec<Neighbour>>> {
        let (state, options) = (self.shared.state.try_read().ok()?, self.options());
        let only = query.filter.as_ref().map(|filter| state.metadata().select(filter));
        let values = state.compared(only.as_deref(), &options).saturating_mul(query.vector.len());
        (values <= SHORT).then(|| state.nearest(&query.vector, query.k, only.as_deref(), &options))
    }

    /// The `k` nearest rows, of those of `only` if it is given.
    pub(in crate::retrieval) fn nearest(
        &self,
        vector: &[f32],
        k: usize,
        only: Option<&IdSet>,
    ) -> Result<Vec<Neighbour>> {
        self.shared.read().nearest(vector, k, only, &self.options())
    }

    /// [`VectorStore::delete`] for callers that may block.
    pub(in crate::retrieval) fn remove(&self, ids: &[u64]) {
        self.shared.write().remove(ids);
        self.rebuild_when_stale();
    }

    /// The ids of all rows, in no order.
    pub(in crate::retrieval) fn ids(&self) -> Vec<u64> {
        self.shared.read().rows().ids().collect()
    }

    /// The number of rows.
    pub(in crate::retrieval) fn len(&self) -> usize {
        self.shared.read().rows().len()
    }

    /// The same rows in an exact store.
    pub(in crate::retrieval) fn to_flat(&self) -> FlatStore {
        let state = self.shared.read();
        FlatStore::from_parts(state.rows().compacted(), state.metadata().clone())
    }

    /// The options of this handle's searches.
    fn options(&self) -> HnswOptions {
        self.shared.options.clone().ef(self.ef)
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
        if building.running {
            return Ok(());
        }
        let shared = Arc::clone(&self.shared);
        std::thread::Builder::new()
            .name("rushlight-graph".to_owned())
            .spawn(move || {
                let finished = BuildingGuard(&shared);
                let failure = shared.rebuild().err();
                if let Some(error) = &failure {
                    tracing::warn!(error = error.chain(), "the graph is not stored");
                }
                let mut building = shared.building();
                (building.unsaved, building.failure) = (failure.is_some(), failure);
                drop(building);
                drop(finished);
            })
            .map_err(|error| Error::io("start a thread for", "the graph", error))?;
        building.running = true;
        Ok(())
    }
}

impl Shared {
    /// Builds graphs until one covers nearly all that changed meanwhile.
    fn rebuild(&self) -> Result<()> {
        loop {
            let copied = self.read().copy();
            let Some(mut rebuilt) = copied.build(&self.options, &self.stop) else {
                return Ok(());
            };
            let saved = self.file.as_ref().map_or(Ok(()), |file| rebuilt.save(file, &self.options));
            let old = self.write().adopt(rebuilt);
            drop(old);
            saved?;
            if !self.is_stale() {
                return Ok(());
            }
        }
    }

    fn is_stale(&self) -> bool {
        let state = self.read();
        state.stale() > self.options.rebuild_after.max(state.rows().len() / 10)
    }

    fn wait_until_built(&self) -> MutexGuard<'_, Building> {
        let building = self.built.wait_while(self.building(), |building| building.running);
        building.unwrap_or_else(PoisonError::into_inner)
    }

    fn building(&self) -> MutexGuard<'_, Building> {
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
        self.0.building().running = false;
        self.0.built.notify_all();
    }
}

#[async_trait]
impl VectorStore for HnswStore {
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
