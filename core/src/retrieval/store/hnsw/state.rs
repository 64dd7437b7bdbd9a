use std::sync::atomic::AtomicBool;

use super::HnswOptions;
use super::graph::Graph;
use crate::Result;
use crate::retrieval::store::rows::Rows;
use crate::retrieval::store::{Metric, Nearest};
use crate::retrieval::{Neighbour, VectorRow};

/// What a search sees: rows, and a graph over the first of them.
///
/// Slots that the graph covers are found through it; later ones are compared one by one; dead ones are
/// left out. A rebuild makes new rows without dead ones and a graph over all of them.
#[derive(Debug)]
pub(super) struct State {
    metric: Metric,
    rows: Rows,
    graph: Option<Graph>,
}

/// A state under construction, made from a copy of the rows while the old state goes on.
pub(super) struct Rebuilt {
    rows: Rows,
    graph: Graph,
    /// The slots of the old rows when they were copied.
    copied_slots: usize,
    /// Those that were dead then.
    dead_slots: Vec<bool>,
}

/// What a rebuild starts from.
pub(super) struct Copied {
    rows: Rows,
    copied_slots: usize,
    dead_slots: Vec<bool>,
}

impl State {
    pub(super) fn new(metric: Metric, rows: Rows) -> Self {
        Self { metric, rows, graph: None }
    }

    pub(super) fn rows(&self) -> &Rows {
        &self.rows
    }

    pub(super) fn put(&mut self, rows: &[VectorRow]) {
        for row in rows {
            self.rows.put(row.id, &row.vector);
        }
    }

    pub(super) fn remove(&mut self, ids: &[u64]) {
        for id in ids {
            self.rows.remove(*id);
        }
    }

    fn covered(&self) -> usize {
        self.graph.as_ref().map_or(0, |graph| graph.slots)
    }

    /// The number of live rows that the graph covers.
    pub(super) fn live_in_graph(&self) -> usize {
        (0..self.covered()).filter(|slot| self.rows.is_live(*slot)).count()
    }

    /// How many rows a rebuild would bring into the graph or out of it.
    pub(super) fn stale(&self) -> usize {
        self.rows.slots() - self.covered() + self.rows.dead()
    }

    pub(super) fn nearest(&self, vector: &[f32], k: usize, options: &HnswOptions) -> Result<Vec<Neighbour>> {
        let query = self.rows.prepare(vector)?;
        let k = k.min(self.rows.len());
        let mut nearest = Nearest::new(k);
        if k == 0 {
            return Ok(Vec::new());
        }
        let covered = self.covered();
        if let Some(graph) = &self.graph {
            let dead = self.rows.dead().min(k.max(options.ef));
            for slot in graph.near(&query, k + dead, options.ef) {
                self.rows.offer(&query, slot, &mut nearest);
            }
            let few = nearest.len() < k;
            if few {
                nearest = Nearest::new(k);
                self.rows.scan(&query, 0..covered, &mut nearest);
            }
        }
        self.rows.scan(&query, covered..self.rows.slots(), &mut nearest);
        Ok(nearest.into_neighbours())
    }

    pub(super) fn copy(&self) -> Copied {
        Copied {
            rows: self.rows.compacted(),
            copied_slots: self.rows.slots(),
            dead_slots: (0..self.rows.slots()).map(|slot| !self.rows.is_live(slot)).collect(),
        }
    }

    /// Takes over what was rebuilt, with the changes since it was copied, and gives the old state away.
    pub(super) fn adopt(&mut self, rebuilt: Rebuilt) -> Self {
        let Rebuilt { rows, graph, copied_slots, dead_slots } = rebuilt;
        let old = std::mem::replace(self, Self { metric: self.metric, rows, graph: Some(graph) });
        for (slot, was_dead) in dead_slots.into_iter().enumerate().take(copied_slots) {
            if !was_dead && !old.rows.is_live(slot) {
                self.rows.remove(old.rows.id(slot));
            }
        }
        for slot in copied_slots..old.rows.slots() {
            if old.rows.is_live(slot) {
                self.rows.put(old.rows.id(slot), old.rows.vector(slot));
            }
        }
        old
    }

    pub(super) fn metric(&self) -> Metric {
        self.metric
    }
}

impl Copied {
    /// Builds the graph, which takes long; nothing when `stop` is raised meanwhile.
    pub(super) fn build(self, metric: Metric, options: &HnswOptions, stop: &AtomicBool) -> Option<Rebuilt> {
        let graph = Graph::build(&self.rows, metric, options, stop)?;
        Some(Rebuilt { rows: self.rows, graph, copied_slots: self.copied_slots, dead_slots: self.dead_slots })
    }
}
