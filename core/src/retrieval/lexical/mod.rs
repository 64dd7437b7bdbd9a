//! Search by words.

mod analyzer;
mod lexical_index;
mod postings;

pub use lexical_index::{LexicalIndex, LexicalMatch};
