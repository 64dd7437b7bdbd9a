//! Tool calls in the text that a model writes.

mod json;
mod named;
mod parser;

pub(super) use parser::{CallParser, Piece};
