//! A second look at the passages that were found.

mod diversify;
mod function;
mod lexical;
#[cfg(feature = "local")]
mod local;
mod reranked;

pub use diversify::diversify;
pub use function::FunctionReranker;
pub use lexical::LexicalReranker;
#[cfg(feature = "local")]
pub use local::LocalReranker;
pub use reranked::Reranked;
pub(super) use reranked::{mixed, rerank};
