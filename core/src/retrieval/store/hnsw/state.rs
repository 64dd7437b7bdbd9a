use std::sync::atomic::AtomicBool;

use super::graph::Graph;
use super::graph_file::{GraphFile, Stored};
use super::search::{GraphSearch, ROWS_A_CANDIDATE, is_selective};
use super::{Builder, HnswOptions};
use crate::Result;
use crate::retrieval::metadata::{IdSet, MetadataIndex};
use crate::retrieval::store::exact::ExactSearch;
use crate::retrieval::store::rows::Rows;
use crate::retrieval::store::{Metric, Nearest};
use crate::retrieval::{Neighbour, VectorRow};

/// What a search sees: rows, and a graph over the first of them.
///
/// Slots that the graph covers are found through it; later ones are compared one by one; dead ones are
/// left out. A rebuild makes new rows without dead ones and a graph over all of them.
#[derive(Debug)]
pub(super) struct State {
    rows: Rows,
    metadata: MetadataIndex,
    graph: Option<Graph>,
}

/// A state under construction, made from a copy of the rows while the old state goes on.
pub(super) struct Rebuilt {
    copied: Copied,
    graph: Graph,
}

/// What a rebuild starts from.
pub(super) struct Copied {
    rows: Rows,
    metadata: MetadataIndex,
    /// Which slots of the old rows were alive.
    was_live: Vec<bool>,
}

impl State {
    pub(super) fn new(rows: Rows, metadata: MetadataIndex) -> Self {
        Self { rows, metadata, graph: None }
    }

    /// What a file holds; nothing if there is none.
    pub(super) fn load(
        file: &GraphFile,
        dimensions: usize,
        metric: Metric,
        options: &HnswOptions,
    ) -> Result<Self> {
        let stored = file.load(dimensions, metric, options)?;
        Ok(match stored {
            Some(Stored { rows, metadata, graph }) => Self { rows, metadata, graph },
            None => Self::new(Rows::new(dimensions, metric), MetadataIndex::default()),
        })
    }

    pub(super) fn metadata(&self) -> &MetadataIndex {
        &self.metadata
    }

    pub(super) fn rows(&self) -> &Rows {
        &self.rows
    }

    /// Stores rows, of which `prepared` are the vectors; those that are stored as they are stay in the graph.
    pub(super) fn put(&mut self, rows: &[VectorRow], prepared: &[Vec<f32>]) {
        for (row, vector) in rows.iter().zip(prepared) {
            if !(self.rows.holds(row.id, vector) && self.metadata.holds(row.id, &row.metadata)) {
                self.rows.put(row.id, vector);
                self.metadata.add(row.id, &row.metadata);
            }
        }
    }

    pub(super) fn remove(&mut self, ids: &[u64]) {
        for id in ids {
            self.rows.remove(*id);
            self.metadata.remove(*id);
        }
    }

    fn covered(&self) -> usize {
        self.graph.as_ref().map_or(0, Graph::slots)
    }

    /// The number of live rows that the graph covers.
    pub(super) fn live_in_graph(&self) -> usize {
        (0..self.covered()).filter(|slot| self.rows.is_live(*slot)).count()
    }

    /// How many rows a rebuild would bring into the graph or out of it.
    pub(super) fn stale(&self) -> usize {
        self.rows.slots() - self.covered() + self.rows.dead()
    }

    /// About how many rows a search compares, among those of `only` if it is given.
    pub(super) fn compared(&self, only: Option<&IdSet>, options: &HnswOptions) -> usize {
        let (slots, matching) = (self.rows.slots(), self.matching(only));
        if self.graph.is_none() || is_selective(matching, options.ef, slots) {
            return if only.is_some() { matching } else { slots };
        }
        ROWS_A_CANDIDATE * options.ef.saturating_mul(slots) / matching.max(1) + slots - self.covered()
    }

    fn matching(&self, only: Option<&IdSet>) -> usize {
        only.map_or(self.rows.len(), |ids| self.rows.len().min(ids.len() as usize))
    }

    /// The `k` nearest rows, of those of `only` if it is given.
    pub(super) fn nearest(
        &self,
        vector: &[f32],
        k: usize,
        only: Option<&IdSet>,
        options: &HnswOptions,
    ) -> Result<Vec<Neighbour>> {
        let target = self.rows.target(vector)?;
        let matching = self.matching(only);
        let k = k.min(matching);
        let mut nearest = Nearest::new(k);
        if k == 0 {
            return Ok(Vec::new());
        }
        let mut exact = ExactSearch::new(&self.rows, &target, k);
        match (only, &self.graph) {
            (Some(ids), Some(graph)) if !is_selective(matching, options.ef, self.rows.slots()) => {
                let is_match = |slot: u32| ids.contains(self.rows.id(slot as usize));
                let search = GraphSearch { rows: &self.rows, graph, target: &target, matching, k, options };
                if search.run(is_match, &mut nearest) {
                    let recent =
                        (graph.slots() as u32..self.rows.slots() as u32).filter(|slot| is_match(*slot));
                    exact.scan_listed(&recent.collect::<Vec<_>>());
                } else {
                    exact.scan_listed(&self.rows.slots_of(ids));
                }
            }
            (Some(ids), _) => exact.scan_listed(&self.rows.slots_of(ids)),
            (None, Some(graph)) => {
                let search = GraphSearch { rows: &self.rows, graph, target: &target, matching, k, options };
                let first = if search.run(|_| true, &mut nearest) { graph.slots() } else { 0 };
                exact.scan(first..self.rows.slots());
            }
            (None, None) => exact.scan(0..self.rows.slots()),
        }
        exact.finish(&mut nearest);
        Ok(nearest.into_neighbours())
    }

    pub(super) fn copy(&self) -> Copied {
        Copied {
            rows: self.rows.compacted(),
            metadata: self.metadata.clone(),
            was_live: (0..self.rows.slots()).map(|slot| self.rows.is_live(slot)).collect(),
        }
    }

    /// Takes over what was rebuilt, with the changes since it was copied, and gives the old state away.
    pub(super) fn adopt(&mut self, rebuilt: Rebuilt) -> Self {
        let Rebuilt { copied: Copied { rows, was_live, .. }, graph } = rebuilt;
        let metadata = std::mem::take(&mut self.metadata);
        let old = std::mem::replace(self, Self { rows, metadata, graph: Some(graph) });
        let copied_slots = was_live.len();
        for (slot, was_live) in was_live.into_iter().enumerate() {
            if was_live && !old.rows.is_live(slot) {
                self.rows.remove(old.rows.id(slot));
            }
        }
        for slot in copied_slots..old.rows.slots() {
            if old.rows.is_live(slot) {
                self.rows.put_from(&old.rows, slot);
            }
        }
        old
    }
}

impl Copied {
    /// Builds the graph, which takes long; nothing when `stop` is raised meanwhile.
    pub(super) fn build(self, options: &HnswOptions, stop: &AtomicBool) -> Option<Rebuilt> {
        let graph = Builder::build(&self.rows, options, stop)?;
        Some(Rebuilt { copied: self, graph })
    }
}

impl Rebuilt {
    /// Puts it into a file, in which the vectors are from then on.
    pub(super) fn save(&mut self, file: &GraphFile, options: &HnswOptions) -> Result<()> {
        let Copied { rows, metadata, .. } = &mut self.copied;
        let rests = file.save(rows, metadata, &self.graph, options)?;
        rows.keep_rests_in(rests);
        Ok(())
    }
}
