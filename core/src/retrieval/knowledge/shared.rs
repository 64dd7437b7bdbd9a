use std::hash::{DefaultHasher, Hash, Hasher};
use std::path::Path;
use std::sync::{Arc, PoisonError, RwLock, RwLockReadGuard};

use super::index::{Hit, Index, Search};
use super::{KnowledgeBaseInfo, KnowledgeBaseOptions, SearchMode};
use crate::retrieval::dense::IndexFile;
use crate::retrieval::store::HnswStore;
use crate::retrieval::store::sqlite::{Commit, Committed, Database, Snapshot, StoredDocument, StoredPassage};
use crate::retrieval::{Chunker, Embedder, Passage, Query};
use crate::{Error, Result};

/// How often a search in a store that another process writes to starts over before it does without the
/// chunks that went away meanwhile.
const ATTEMPTS: usize = 5;

/// The file of the graph, beside the database.
pub(super) const GRAPH: &str = "vectors.hnsw";

/// What the handles of one knowledge base have in common. All its methods block.
///
/// Lock order: `index`, then the connection inside `database`. A commit holds `index` for writing from
/// before the transaction until the index has followed, so a search sees the old documents or the new ones.
#[derive(Debug)]
pub(in crate::retrieval) struct Shared {
    pub(in crate::retrieval) embedder: Arc<dyn Embedder>,
    pub(in crate::retrieval) options: KnowledgeBaseOptions,
    database: Database,
    index: RwLock<Index>,
    /// Held by one ingest at a time.
    pub(in crate::retrieval) ingesting: tokio::sync::Mutex<()>,
}

impl Shared {
    pub(super) fn open(
        dir: &Path,
        embedder: Arc<dyn Embedder>,
        options: KnowledgeBaseOptions,
    ) -> Result<Self> {
        let database = Database::open(dir, &*embedder, options.durability)?;
        Self::of(database, embedder, options)
    }

    pub(super) fn open_read_only(
        dir: &Path,
        embedder: Arc<dyn Embedder>,
        options: KnowledgeBaseOptions,
    ) -> Result<Self> {
        let database = Database::open_read_only(dir, &*embedder)?;
        Self::of(database, embedder, options)
    }

    pub(super) fn in_memory(embedder: Arc<dyn Embedder>, options: KnowledgeBaseOptions) -> Result<Self> {
        let database = Database::in_memory(&*embedder)?;
        Self::of(database, embedder, options)
    }

    fn of(database: Database, embedder: Arc<dyn Embedder>, options: KnowledgeBaseOptions) -> Result<Self> {
        if options.chunk_tokens == 0 {
            return Err(Error::invalid("`chunk_tokens`", "expected at least 1, got 0"));
        }
        let file =
            database.dir().map(|dir| IndexFile { path: dir.join(GRAPH), read_only: database.is_read_only() });
        let mut index = Index::new(embedder.dimensions(), &options, file)?;
        database.snapshot(|snapshot| index.follow(snapshot))?;
        Ok(Self {
            embedder,
            options,
            database,
            index: RwLock::new(index),
            ingesting: tokio::sync::Mutex::new(()),
        })
    }

    pub(in crate::retrieval) fn chunker(&self) -> Chunker {
        Chunker::new(self.options.chunk_tokens, self.options.chunk_overlap)
    }

    /// How documents are cut and embedded; those that were stored by another recipe are ingested anew.
    pub(in crate::retrieval) fn recipe(&self) -> String {
        format!("1/{}/{}", self.options.chunk_tokens, self.options.chunk_overlap)
    }

    pub(in crate::retrieval) fn check_writable(&self) -> Result<()> {
        if self.database.is_read_only() {
            let read_only = std::io::Error::from(std::io::ErrorKind::ReadOnlyFilesystem);
            return Err(Error::io(
                "write to the store that is open for reading",
                self.database.path(),
                read_only,
            ));
        }
        Ok(())
    }

    #[expect(clippy::redundant_closure_for_method_calls, reason = "a path is not general over the lifetime")]
    pub(in crate::retrieval) fn stored_documents(&self) -> Result<Vec<StoredDocument>> {
        self.database.snapshot(|snapshot| snapshot.documents())
    }

    /// Changes the store and the index; after an error both are as before.
    pub(in crate::retrieval) fn commit(&self, commit: Commit) -> Result<Committed> {
        if commit.is_empty() {
            return Ok(Committed::default());
        }
        let mut index = self.index.write().unwrap_or_else(PoisonError::into_inner);
        let committed = self.database.commit(&commit)?;
        index.apply(commit, &committed)?;
        Ok(committed)
    }

    pub(in crate::retrieval) fn checkpoint(&self) -> Result<()> {
        self.database.checkpoint()
    }

    pub(super) fn search(&self, query: &Query, vector: &[f32], mode: SearchMode) -> Result<Vec<Passage>> {
        let Query { text, k, filter } = query;
        let depth = self.options.fusion_depth;
        let search = Search { text, vector, mode, k: *k, depth, filter: filter.as_ref() };
        let mut attempts = 0..ATTEMPTS;
        loop {
            self.follow_other_writers()?;
            let index = self.index();
            let hits = index.search(&search)?;
            let ids: Vec<u64> = hits.iter().map(|hit| hit.id).collect();
            let (generation, stored) =
                self.database.snapshot(|snapshot| Ok((snapshot.generation()?, snapshot.passages(&ids)?)))?;
            if generation == index.generation || attempts.next().is_none() {
                let found = hits.into_iter().zip(stored);
                return Ok(found.filter_map(|(hit, stored)| Some(passage(hit, stored?))).collect());
            }
        }
    }

    /// Whether there is no chunk, also by what another process committed.
    pub(super) fn is_still_empty(&self) -> Result<bool> {
        self.follow_other_writers()?;
        Ok(self.index().chunks() == 0)
    }

    /// In a store that is open for reading, the index may be behind what another process committed.
    #[expect(clippy::redundant_closure_for_method_calls, reason = "a path is not general over the lifetime")]
    fn follow_other_writers(&self) -> Result<()> {
        if !self.database.is_read_only() {
            return Ok(());
        }
        let generation = self.database.snapshot(|snapshot| snapshot.generation())?;
        if generation != self.index().generation {
            let mut index = self.index.write().unwrap_or_else(PoisonError::into_inner);
            self.database.snapshot(|snapshot| index.follow(snapshot))?;
        }
        Ok(())
    }

    pub(super) fn info(&self) -> KnowledgeBaseInfo {
        let index = self.index();
        KnowledgeBaseInfo {
            path: self.database.path().to_owned(),
            documents: index.documents,
            chunks: index.chunks(),
            embedder: self.embedder.name().to_owned(),
            dimensions: self.embedder.dimensions(),
            vectors: index.vectors(),
            bytes: self.database.bytes(),
        }
    }

    /// Reads what is stored at this moment while searches and commits go on; of a store in memory they wait.
    pub(in crate::retrieval) fn read_apart<T>(
        &self,
        work: impl FnOnce(&Snapshot<'_>) -> Result<T>,
    ) -> Result<T> {
        let reader = self.database.reader()?;
        reader.as_ref().unwrap_or(&self.database).snapshot(work)
    }

    /// Writes the store's file anew without what was removed.
    pub(super) fn compact(&self) -> Result<()> {
        self.database.vacuum()
    }

    pub(super) fn bytes(&self) -> u64 {
        self.database.bytes()
    }

    /// The number of chunks.
    pub(super) fn chunks(&self) -> usize {
        self.index().chunks()
    }

    pub(super) fn documents(&self) -> usize {
        self.index().documents
    }

    pub(super) fn graph(&self) -> Option<HnswStore> {
        self.index().graph()
    }

    pub(super) fn version(&self) -> u64 {
        // Where the store cannot be read, the search that follows says so.
        let _ = self.follow_other_writers();
        let mut hasher = DefaultHasher::new();
        self.database.store_id().hash(&mut hasher);
        self.index().generation.hash(&mut hasher);
        self.options.mode.hash(&mut hasher);
        self.options.fusion_depth.hash(&mut hasher);
        hasher.finish()
    }

    fn index(&self) -> RwLockReadGuard<'_, Index> {
        self.index.read().unwrap_or_else(PoisonError::into_inner)
    }
}

fn passage(hit: Hit, stored: StoredPassage) -> Passage {
    Passage {
        id: format!("{}#{}", stored.source, stored.number),
        source: stored.source,
        title: stored.title,
        headings: stored.headings,
        text: stored.text,
        start: stored.start,
        metadata: stored.metadata,
        score: hit.score,
        scores: hit.scores,
    }
}

#[cfg(test)]
mod tests;
