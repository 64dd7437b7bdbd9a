//! Vectors in PostgreSQL, by its extension pgvector.

mod condition;
mod database;
mod encryption;
mod options;
mod pg_vector_store;
mod schema;

pub use options::PgVectorOptions;
pub use pg_vector_store::PgVectorStore;
