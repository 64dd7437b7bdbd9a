//! Where vectors and documents are kept.

mod durability;
mod flat;
mod hnsw;
mod metric;
mod nearest;
mod rows;
#[cfg(test)]
pub(super) mod samples;
pub(super) mod sqlite;

pub use durability::Durability;
pub use flat::FlatStore;
pub use hnsw::{HnswOptions, HnswStore};
pub use metric::Metric;
pub(super) use nearest::Nearest;
