use rushlight_kernels::{CodedQuery, CodedRows, MappedRests};

use super::Metric;
use super::metric::length;
use super::slots::Slots;
use crate::retrieval::VectorRow;
use crate::retrieval::metadata::IdSet;
use crate::{Error, Result};

/// Vectors side by side, appended only: a replaced or removed row stays in its slot as a dead one until the rows are
/// compacted.
///
/// Each value is kept in 24 bits: a code of a byte, which is scanned, and what it leaves out, in memory or in a file, to
/// score the best.
#[derive(Debug, Clone)]
pub(super) struct Rows {
    metric: Metric,
    dimensions: usize,
    codes: CodedRows,
    ids: Vec<u64>,
    live: Vec<bool>,
    slots: Slots,
}

/// A vector to compare rows with.
#[derive(Debug)]
pub(super) struct Target {
    pub(super) codes: CodedQuery,
    values: Vec<f32>,
    length: f64,
}

impl Rows {
    pub(super) fn new(dimensions: usize, metric: Metric) -> Self {
        Self {
            metric,
            dimensions,
            codes: CodedRows::new(dimensions, metric.nearness()),
            ids: Vec::new(),
            live: Vec::new(),
            slots: Slots::default(),
        }
    }

    /// The rows with these ids, ascending.
    pub(super) fn from_parts(dimensions: usize, metric: Metric, ids: Vec<u64>, codes: CodedRows) -> Self {
        let slots = Slots::of(&ids);
        Self { metric, dimensions, codes, live: vec![true; ids.len()], ids, slots }
    }

    /// Lets go of what the codes leave out for the same in a file.
    pub(super) fn keep_rests_in(&mut self, rests: MappedRests) {
        self.codes.keep_rests_in(rests);
    }

    /// The vector in the form in which it is compared, or why it cannot be.
    pub(super) fn prepare(&self, vector: &[f32]) -> Result<Vec<f32>> {
        Metric::check(self.dimensions, vector)?;
        Ok(self.metric.prepare(vector))
    }

    /// The vectors of all rows in that form; checks all of them before any is stored.
    pub(super) fn prepare_all(&self, rows: &[VectorRow]) -> Result<Vec<Vec<f32>>> {
        let most = u32::MAX as usize - self.slots();
        if rows.len() >= most {
            return Err(Error::invalid("rows", format!("expected fewer than {most}, got {}", rows.len())));
        }
        rows.iter().map(|row| self.prepare(&row.vector)).collect()
    }

    /// The vector to compare rows with, or why it cannot be.
    pub(super) fn target(&self, vector: &[f32]) -> Result<Target> {
        let values = self.prepare(vector)?;
        Ok(Target { codes: self.codes.query(&values), length: length(&values), values })
    }

    /// Stores a prepared vector.
    pub(super) fn put(&mut self, id: u64, vector: &[f32]) {
        self.codes.push(vector);
        self.append(id);
    }

    /// Stores a row of others, of the same length and metric.
    pub(super) fn put_from(&mut self, others: &Self, slot: usize) {
        self.codes.push_from(&others.codes, slot);
        self.append(others.id(slot));
    }

    fn append(&mut self, id: u64) {
        self.remove(id);
        self.slots.insert(id, self.ids.len() as u32);
        self.ids.push(id);
        self.live.push(true);
    }

    pub(super) fn remove(&mut self, id: u64) {
        if let Some(slot) = self.slots.remove(id) {
            self.live[slot as usize] = false;
        }
    }

    pub(super) fn contains(&self, id: u64) -> bool {
        self.slots.get(id).is_some()
    }

    /// Whether the live row of `id` was made of this prepared vector.
    pub(super) fn holds(&self, id: u64, vector: &[f32]) -> bool {
        self.slots.get(id).is_some_and(|slot| self.codes.holds(slot as usize, vector))
    }

    /// The ids of the live rows, in no order.
    pub(super) fn ids(&self) -> impl Iterator<Item = u64> {
        self.slots.iter().map(|(id, _)| id)
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

    /// The number of values of a vector.
    pub(super) fn vector_len(&self) -> usize {
        self.dimensions
    }

    pub(super) fn codes(&self) -> &CodedRows {
        &self.codes
    }

    pub(super) fn metric(&self) -> Metric {
        self.metric
    }

    /// The slots of the rows with these ids.
    pub(super) fn slots_of(&self, ids: &IdSet) -> Vec<u32> {
        let mut slots = Vec::with_capacity(ids.len() as usize);
        slots.extend(ids.iter().filter_map(|id| self.slots.get(id)));
        slots
    }

    /// Writes the scores of `slots` to `out`.
    pub(super) fn score(&self, target: &Target, slots: &[u32], out: &mut [f32]) {
        self.codes.score(&target.values, slots, out);
        self.metric.finish(out);
    }

    /// The nearness of a row with this score.
    pub(super) fn nearness_of(&self, score: f32, target: &Target) -> f32 {
        self.metric.nearness_of(score, target.length)
    }

    /// The live rows without the dead ones, by ascending id.
    pub(super) fn compacted(&self) -> Self {
        let mut live: Vec<(u64, u32)> = self.slots.iter().collect();
        live.sort_unstable();
        let mut rows = Self::new(self.dimensions, self.metric);
        rows.codes.reserve(live.len());
        rows.slots.reserve(live.len());
        for (_, slot) in live {
            rows.put_from(self, slot as usize);
        }
        rows
    }
}
