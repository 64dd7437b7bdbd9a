//! The store's file: documents, chunks and vectors in SQLite, the source of truth from which every index is
//! built.

mod check;
mod commit;
mod database;
mod failure;
mod inspect;
mod read;
mod schema;
mod whole;

pub use check::StoreCheck;
pub(in crate::retrieval) use commit::{Commit, Committed, NewChunk, NewDocument, SeenFile};
pub(in crate::retrieval) use database::Database;
pub(in crate::retrieval) use read::{Snapshot, StoredDocument, StoredPassage};
