//! Vectors in Qdrant.

mod options;
mod qdrant_store;
mod request;
mod server;

pub use options::QdrantOptions;
pub use qdrant_store::QdrantStore;
