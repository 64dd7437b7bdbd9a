//! The knowledge base: documents in, passages out.

mod check;
mod index;
mod info;
mod knowledge_base;
mod options;
mod retriever;
mod shared;

pub use info::{CompactReport, KnowledgeBaseInfo, StoreInfo, VectorIndex};
pub use knowledge_base::KnowledgeBase;
pub use options::{KnowledgeBaseOptions, SearchMode};
pub use retriever::{KnowledgeRetriever, RetrieverOptions};
pub(super) use shared::Shared;
