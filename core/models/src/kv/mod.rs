//! What sequences have computed: the keys and values of their tokens, in pages that sequences share.

mod cache;
mod identity;
mod page;
mod pool;
mod prefix;
mod saved;

pub use cache::KvCache;
pub(crate) use identity::Identity;
pub use pool::KvType;
pub(crate) use pool::{KvPool, PagesElsewhere};
pub use prefix::PrefixTree;
pub use saved::SavedPrefix;
