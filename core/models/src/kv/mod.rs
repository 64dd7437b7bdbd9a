//! What sequences have computed: the keys and values of their tokens, in pages that sequences share.

mod cache;
mod page;
mod pool;
mod prefix;

pub use cache::KvCache;
pub use pool::KvType;
pub(crate) use pool::{KvPool, PagesElsewhere};
pub use prefix::PrefixTree;
