//! What a sequence has computed: the keys and values of its tokens.

mod cache;
mod heads;

pub use cache::KvCache;
pub(crate) use heads::Heads;
