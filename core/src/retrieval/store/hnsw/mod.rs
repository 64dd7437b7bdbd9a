//! Approximate search in a navigable small-world graph.

mod graph;
mod hnsw_store;
mod options;
mod state;

pub use hnsw_store::HnswStore;
pub use options::HnswOptions;
