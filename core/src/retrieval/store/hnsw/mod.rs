//! Approximate search in a navigable small-world graph.

mod beam;
mod builder;
mod graph;
mod graph_file;
mod hnsw_store;
mod links;
mod options;
mod search;
mod state;

use builder::Builder;
pub use hnsw_store::HnswStore;
pub use options::HnswOptions;
