use std::collections::HashMap;
use std::ops::Range;

use super::{Metric, Nearest};
use crate::retrieval::VectorRow;
use crate::{Error, Result};

/// Vectors side by side in memory, appended only: a replaced or removed row stays in its slot as a dead one
/// until the rows are compacted.
#[derive(Debug, Clone)]
pub(super) struct Rows {
    metric: Metric,
    dimensions: usize,
    values: Vec<f32>,
    ids: Vec<u64>,
    live: Vec<bool>,
    slots: HashMap<u64, usize>,
}

impl Rows {
    pub(super) fn new(dimensions: usize, metric: Metric) -> Self {
        Self {
            metric,
            dimensions,
            values: Vec::new(),
            ids: Vec::new(),
            live: Vec::new(),
            slots: HashMap::new(),
        }
    }

    /// The vector in the form in which it is compared, or why it cannot be.
    pub(super) fn prepare(&self, vector: &[f32]) -> Result<Vec<f32>> {
        if vector.len() != self.dimensions {
            let message = format!("expected {} dimensions, got {}", self.dimensions, vector.len());
            return Err(Error::invalid("vector", message));
        }
        if let Some(at) = vector.iter().position(|value| !value.is_finite()) {
            return Err(Error::invalid(
                "vector",
                format!("expected finite values, got {} at {at}", vector[at]),
            ));
        }
        Ok(self.metric.prepare(vector))
    }

    /// Checks all rows before any is stored.
    pub(super) fn prepare_all(&self, rows: &[VectorRow]) -> Result<Vec<VectorRow>> {
        rows.iter().map(|row| Ok(VectorRow { id: row.id, vector: self.prepare(&row.vector)? })).collect()
    }

    /// Stores a prepared vector.
    pub(super) fn put(&mut self, id: u64, vector: &[f32]) {
        self.remove(id);
        self.slots.insert(id, self.ids.len());
        self.ids.push(id);
        self.live.push(true);
        self.values.extend_from_slice(vector);
    }

    pub(super) fn remove(&mut self, id: u64) {
        if let Some(slot) = self.slots.remove(&id) {
            self.live[slot] = false;
        }
    }

    /// The number of live rows.
    pub(super) fn len(&self) -> usize {
        self.slots.len()
    }

    /// The number of slots, dead ones included.
    pub(super) fn slots(&self) -> usize {
        self.ids.len()
    }

    pub(super) fn dead(&self) -> usize {
        self.slots() - self.len()
    }

    pub(super) fn is_live(&self, slot: usize) -> bool {
        self.live[slot]
    }

    pub(super) fn id(&self, slot: usize) -> u64 {
        self.ids[slot]
    }

    pub(super) fn vector(&self, slot: usize) -> &[f32] {
        &self.values[slot * self.dimensions..(slot + 1) * self.dimensions]
    }

    /// Offers the live rows of `slots` to `nearest`.
    pub(super) fn scan(&self, query: &[f32], slots: Range<usize>, nearest: &mut Nearest) {
        for slot in slots {
            if self.live[slot] {
                nearest.offer(self.ids[slot], self.metric.score(query, self.vector(slot)));
            }
        }
    }

    /// Offers one live row to `nearest`.
    pub(super) fn offer(&self, query: &[f32], slot: usize, nearest: &mut Nearest) {
        self.scan(query, slot..slot + 1, nearest);
    }

    /// The live rows without the dead ones, by ascending id.
    pub(super) fn compacted(&self) -> Self {
        let mut live: Vec<(u64, usize)> = self.slots.iter().map(|(id, slot)| (*id, *slot)).collect();
        live.sort_unstable();
        let mut rows = Self::new(self.dimensions, self.metric);
        rows.values.reserve(live.len() * self.dimensions);
        for (id, slot) in live {
            rows.put(id, self.vector(slot));
        }
        rows
    }
}
