//! Search by words.

mod analyzer;
mod lexical_index;
mod postings;

pub(super) use analyzer::searchable;
pub use lexical_index::{LexicalIndex, LexicalMatch};
