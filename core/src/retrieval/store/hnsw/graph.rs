use std::collections::HashMap;
use std::sync::atomic::{AtomicBool, Ordering};

use hnsw_rs::anndists::dist::distances::Distance;
use hnsw_rs::hnsw::Hnsw;

use super::HnswOptions;
use crate::retrieval::store::Metric;
use crate::retrieval::store::metric::{dot, squared_distance};
use crate::retrieval::store::rows::Rows;

const MAX_LAYERS: usize = 16;

/// A finished graph over the first slots of some rows; never changed.
///
/// Built by one thread in slot order, which makes the graph a function of the rows.
pub(super) struct Graph {
    index: Hnsw<'static, f32, GraphDistance>,
    distance: GraphDistance,
    /// Slots whose vector equals that of an earlier one, by that earlier slot. They are no nodes of the graph:
    /// many equal vectors would be each other's only neighbours and fall off the graph.
    twins: HashMap<usize, Vec<usize>>,
    /// Slots below this one are covered.
    pub(super) slots: usize,
}

impl Graph {
    /// The graph of all rows, none of which is dead; nothing when `stop` is raised meanwhile.
    pub(super) fn build(
        rows: &Rows,
        metric: Metric,
        options: &HnswOptions,
        stop: &AtomicBool,
    ) -> Option<Self> {
        let distance = GraphDistance::for_rows(rows, metric);
        let index = Hnsw::new(options.m, rows.slots(), MAX_LAYERS, options.ef_construction, distance);
        let mut twins: HashMap<usize, Vec<usize>> = HashMap::new();
        let mut first_slots: HashMap<Vec<u32>, usize> = HashMap::with_capacity(rows.slots());
        for slot in 0..rows.slots() {
            if stop.load(Ordering::Relaxed) {
                return None;
            }
            let bits: Vec<u32> = rows.vector(slot).iter().map(|value| value.to_bits()).collect();
            if let Some(first) = first_slots.get(&bits) {
                twins.entry(*first).or_default().push(slot);
            } else {
                first_slots.insert(bits, slot);
                index.insert_slice((rows.vector(slot), slot));
            }
        }
        Some(Self { index, distance, twins, slots: rows.slots() })
    }

    /// About `count` covered slots near `query`, dead or alive, in no particular order.
    pub(super) fn near(&self, query: &[f32], count: usize, ef: usize) -> Vec<usize> {
        let query = self.distance.scaled(query);
        let mut slots = Vec::with_capacity(count);
        for neighbour in self.index.search(&query, count, ef) {
            slots.push(neighbour.d_id);
            slots.extend(self.twins.get(&neighbour.d_id).into_iter().flatten());
        }
        slots
    }
}

impl std::fmt::Debug for Graph {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.debug_struct("Graph").field("slots", &self.slots).finish_non_exhaustive()
    }
}

/// The distance of prepared vectors: never negative and never NaN, since the graph's code ends in a panic
/// for either.
#[derive(Debug, Clone, Copy)]
struct GraphDistance {
    metric: Metric,
    /// The greatest length of a row, and so the bound of its dot product with another one: squared.
    longest: f32,
}

impl GraphDistance {
    fn for_rows(rows: &Rows, metric: Metric) -> Self {
        let lengths = (0..rows.slots()).map(|slot| dot(rows.vector(slot), rows.vector(slot)).sqrt());
        Self { metric, longest: lengths.fold(f32::MIN_POSITIVE, f32::max).min(f32::MAX.sqrt()) }
    }

    /// The query, shortened where its dot product could exceed the bound; the order of the rows stays.
    fn scaled(self, query: &[f32]) -> Vec<f32> {
        let length = dot(query, query).sqrt();
        if self.metric != Metric::Dot || length <= self.longest {
            return query.to_vec();
        }
        query.iter().map(|value| value / length * self.longest).collect()
    }
}

impl Distance<f32> for GraphDistance {
    fn eval(&self, left: &[f32], right: &[f32]) -> f32 {
        let distance = match self.metric {
            Metric::Cosine => 1.0 - dot(left, right),
            Metric::Dot => self.longest * self.longest - dot(left, right),
            Metric::L2 => squared_distance(left, right),
        };
        if distance.is_nan() { f32::MAX } else { distance.max(0.0) }
    }
}
