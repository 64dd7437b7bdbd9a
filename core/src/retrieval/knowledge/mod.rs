//! The knowledge base: documents in, passages out.

mod index;
mod info;
mod knowledge_base;
mod options;
mod shared;

pub use info::{KnowledgeBaseInfo, VectorIndex};
pub use knowledge_base::KnowledgeBase;
pub use options::{KnowledgeBaseOptions, SearchMode};
pub(super) use shared::Shared;
