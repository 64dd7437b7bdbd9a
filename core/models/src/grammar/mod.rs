//! What a model may say: a JSON value that fits a schema, or calls of tools in the model's own syntax.
//!
//! [`Grammars`] compiles a [`Grammar`] for one vocabulary into a [`Matcher`], which rules out, before each token is
//! chosen, all tokens with which the text could no longer fit. Grammars are those of the crate `llguidance`; the
//! vocabulary is ours.

mod calls;
mod grammars;
mod matcher;
mod schema;
mod source;
mod vocabulary;

pub use calls::Calls;
pub use grammars::Grammars;
pub use matcher::Matcher;
pub use source::Grammar;
