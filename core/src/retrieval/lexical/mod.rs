//! Search by words.

mod analyzer;
mod bytes;
mod lexical_index;
mod postings;
mod ranking;

pub(super) use analyzer::{distinct_terms, searchable};
pub use lexical_index::{LexicalIndex, LexicalMatch};
