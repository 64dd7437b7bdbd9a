use std::collections::{BTreeMap, HashMap};

use super::{KnowledgeBaseOptions, SearchMode, VectorIndex};
use crate::Result;
use crate::retrieval::dense::{DenseIndex, IndexFile};
use crate::retrieval::hybrid::fuse;
use crate::retrieval::lexical::searchable;
use crate::retrieval::metadata::{IdSet, MetadataIndex};
use crate::retrieval::store::HnswStore;
use crate::retrieval::store::sqlite::{Commit, Committed, Snapshot};
use crate::retrieval::{Filter, LexicalIndex, Scores, VectorRow};

/// Chunks that are read at once while an index is built.
const PAGE: usize = 1_000;

/// What searches go through: everything in it can be built anew from the store.
#[derive(Debug)]
pub(super) struct Index {
    lexical: LexicalIndex,
    dense: DenseIndex,
    dimensions: usize,
    /// The chunks with the fields of their documents.
    fields: MetadataIndex,
    pub(super) documents: usize,
    /// The commit of the store that this is the state of.
    pub(super) generation: u64,
}

/// A chunk that was found.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Hit {
    pub(super) id: u64,
    pub(super) score: f32,
    pub(super) scores: Scores,
}

/// What to find.
#[derive(Debug)]
pub(super) struct Search<'a> {
    pub(super) text: &'a str,
    /// The vector of the text; not needed for a lexical search.
    pub(super) vector: &'a [f32],
    pub(super) mode: SearchMode,
    pub(super) k: usize,
    /// Results of each list that enter the fusion.
    pub(super) depth: usize,
    pub(super) filter: Option<&'a Filter>,
}

impl Index {
    pub(super) fn new(
        dimensions: usize,
        options: &KnowledgeBaseOptions,
        file: Option<IndexFile>,
    ) -> Result<Self> {
        Ok(Self {
            lexical: LexicalIndex::new(),
            dense: DenseIndex::new(dimensions, options.ann_threshold, options.hnsw.clone(), file)?,
            dimensions,
            fields: MetadataIndex::default(),
            documents: 0,
            generation: 0,
        })
    }

    /// Becomes the index of `snapshot`: reads only what is new since the last time.
    pub(super) fn follow(&mut self, snapshot: &Snapshot<'_>) -> Result<()> {
        let stored: IdSet = snapshot.chunk_ids()?.into_iter().collect();
        // Vectors come from a file too, which may hold some that are gone since it was written.
        let gone: Vec<u64> = self.dense.ids().into_iter().filter(|id| !stored.contains(*id)).collect();
        let mut newest = self.fields.ids().max().unwrap_or_default();
        loop {
            let page = snapshot.chunks_after(newest, PAGE, self.dimensions)?;
            let Some(last) = page.last() else {
                break;
            };
            newest = last.id;
            let mut rows = Vec::with_capacity(page.len());
            for chunk in page {
                self.lexical.add(chunk.id, &searchable(&chunk.title, &chunk.headings, &chunk.text));
                self.fields.add(chunk.id, &fields(chunk.metadata, chunk.source));
                rows.push(VectorRow::new(chunk.id, chunk.vector));
            }
            self.dense.add(&rows)?;
        }
        for id in &gone {
            self.lexical.remove(*id);
            self.fields.remove(*id);
        }
        self.dense.apply(&[], &gone)?;
        self.documents = snapshot.count_documents()?;
        self.generation = snapshot.generation()?;
        Ok(())
    }

    /// Takes in a commit of this process.
    pub(super) fn apply(&mut self, commit: Commit, committed: &Committed) -> Result<()> {
        let mut rows = Vec::new();
        for (document, ids) in commit.stored.into_iter().zip(&committed.added) {
            let fields = fields(document.metadata, document.source);
            for (chunk, id) in document.chunks.into_iter().zip(ids) {
                self.lexical.add(*id, &searchable(&document.title, &chunk.headings, &chunk.text));
                self.fields.add(*id, &fields);
                rows.push(VectorRow::new(*id, chunk.vector));
            }
        }
        // After the additions: a document that came twice in one commit leaves only its last chunks.
        for id in &committed.removed {
            self.lexical.remove(*id);
            self.fields.remove(*id);
        }
        self.dense.apply(&rows, &committed.removed)?;
        self.documents = committed.documents;
        self.generation = committed.generation;
        Ok(())
    }

    pub(super) fn search(&self, search: &Search<'_>) -> Result<Vec<Hit>> {
        let count = if search.mode == SearchMode::Hybrid { search.depth.max(search.k) } else { search.k };
        let only = search.filter.map(|filter| self.fields.select(filter));
        let only = only.as_deref();
        let dense = match search.mode {
            SearchMode::Lexical => Vec::new(),
            SearchMode::Dense | SearchMode::Hybrid => self.dense.nearest(search.vector, count, only)?,
        };
        let lexical = match search.mode {
            SearchMode::Dense => Vec::new(),
            SearchMode::Lexical | SearchMode::Hybrid => self.lexical.search_in(search.text, count, only),
        };
        let mut scores: HashMap<u64, Scores> = HashMap::new();
        for neighbour in &dense {
            scores.entry(neighbour.id).or_default().dense = Some(neighbour.score);
        }
        for text in &lexical {
            scores.entry(text.id).or_default().lexical = Some(text.score);
        }
        let mut ranked: Vec<(u64, f32)> = match search.mode {
            SearchMode::Dense => dense.iter().map(|neighbour| (neighbour.id, neighbour.score)).collect(),
            SearchMode::Lexical => lexical.iter().map(|text| (text.id, text.score)).collect(),
            SearchMode::Hybrid => {
                let dense: Vec<u64> = dense.iter().map(|neighbour| neighbour.id).collect();
                let lexical: Vec<u64> = lexical.iter().map(|text| text.id).collect();
                let fused = fuse(&[&dense, &lexical]);
                for fused in &fused {
                    scores.entry(fused.id).or_default().fused = Some(fused.score);
                }
                fused.iter().map(|fused| (fused.id, fused.score)).collect()
            }
        };
        ranked.truncate(search.k);
        Ok(ranked.into_iter().map(|(id, score)| Hit { id, score, scores: scores[&id] }).collect())
    }

    pub(super) fn chunks(&self) -> usize {
        self.fields.ids().len() as usize
    }

    pub(super) fn vectors(&self) -> VectorIndex {
        self.dense
            .graph()
            .map_or(VectorIndex::Exact, |graph| VectorIndex::Hnsw { covered: graph.rows_in_graph() })
    }

    pub(super) fn graph(&self) -> Option<HnswStore> {
        self.dense.graph().cloned()
    }
}

/// What a filter can ask of a chunk.
fn fields(metadata: BTreeMap<String, String>, source: String) -> BTreeMap<String, String> {
    let mut fields = metadata;
    fields.insert(Filter::SOURCE.to_owned(), source);
    fields
}
