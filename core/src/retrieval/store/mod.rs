//! Where vectors and documents are kept.

mod batch;
mod durability;
mod exact;
mod flat;
mod hnsw;
mod metric;
mod nearest;
#[cfg(feature = "postgres")]
mod pgvector;
#[cfg(feature = "qdrant")]
mod qdrant;
#[cfg(any(feature = "postgres", feature = "qdrant"))]
mod remote;
mod rows;
#[cfg(test)]
pub(super) mod samples;
mod slots;
pub(super) mod sqlite;

use batch::on_all_threads;
pub(super) use batch::one_by_one;
pub use durability::Durability;
pub use flat::FlatStore;
pub use hnsw::{HnswOptions, HnswStore};
pub use metric::Metric;
pub(super) use nearest::{Nearest, Ranked};
#[cfg(feature = "postgres")]
pub use pgvector::{PgVectorOptions, PgVectorStore};
#[cfg(feature = "qdrant")]
pub use qdrant::{QdrantOptions, QdrantStore};
pub use sqlite::StoreCheck;
