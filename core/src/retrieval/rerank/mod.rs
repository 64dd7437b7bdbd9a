//! A second look at the passages that were found.

mod function;
mod lexical;
mod reranked;

pub use function::FunctionReranker;
pub use lexical::LexicalReranker;
pub use reranked::Reranked;
