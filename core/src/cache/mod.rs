//! Has it been answered, or embedded? Answers and vectors by exact key.

mod embedder;
mod flight;
mod key;
mod memory;
mod shared;

use std::fmt::Debug;
use std::sync::Arc;

use async_trait::async_trait;

pub use embedder::CachedEmbedder;
pub use flight::{Flight, SingleFlight};
pub use key::{Key, KeyBuilder};
pub use memory::{MemoryCache, MemoryCacheOptions};

use crate::Result;

/// A stored value: opaque bytes that are cheap to clone.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry {
    /// The value.
    pub bytes: Arc<[u8]>,
}

impl Entry {
    /// An entry of these bytes.
    pub fn new(bytes: impl Into<Arc<[u8]>>) -> Self {
        Self { bytes: bytes.into() }
    }
}

/// Values by key, with eviction.
///
/// # Behaviour
///
/// - [`get`](Cache::get) gives the newest value put under exactly this key, or nothing; it never gives an
///   expired one.
/// - [`put`](Cache::put) replaces. A cache may drop any entry at any time, and one that is too large at once.
/// - [`remove`](Cache::remove) of an unknown key does nothing; afterwards `get` gives nothing.
#[async_trait]
pub trait Cache: Debug + Send + Sync + 'static {
    /// The value under `key`, if it is there and not expired.
    async fn get(&self, key: &Key) -> Result<Option<Entry>>;

    /// Stores `entry` under `key`.
    async fn put(&self, key: &Key, entry: Entry) -> Result<()>;

    /// Drops what is under `key`.
    async fn remove(&self, key: &Key) -> Result<()>;
}
