use std::fmt;
use std::time::Duration;

use async_trait::async_trait;
use moka::future::Cache as Moka;
use moka::policy::EvictionPolicy;
use serde::{Deserialize, Serialize};

use super::{Cache, Entry, Key};
use crate::setters::setters;
use crate::{Result, duration};

/// Bounds of a [`MemoryCache`].
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
#[non_exhaustive]
pub struct MemoryCacheOptions {
    /// Entries that are kept. Default 1 000.
    pub max_entries: u64,
    /// Bytes of all values together. Default 64 MiB.
    pub max_bytes: u64,
    /// How long an entry lives after it was put. Default 30 minutes.
    #[serde(with = "duration")]
    pub ttl: Duration,
}

setters!(MemoryCacheOptions { max_entries: u64, max_bytes: u64, ttl: Duration });

impl Default for MemoryCacheOptions {
    fn default() -> Self {
        Self { max_entries: 1000, max_bytes: 64 << 20, ttl: Duration::from_mins(30) }
    }
}

/// A cache in this process's memory.
///
/// The least recently used entries go first when either bound is reached. Both bounds hold at once: an
/// entry counts as its own length or as its share of the bytes (`max_bytes / max_entries`), whichever is
/// more. An entry larger than `max_bytes` is not kept. Copies of the handle share the entries.
#[derive(Clone)]
pub struct MemoryCache {
    entries: Moka<Key, Entry>,
}

impl MemoryCache {
    /// A cache with these bounds.
    #[expect(clippy::needless_pass_by_value, reason = "every constructor takes its options over")]
    pub fn new(options: MemoryCacheOptions) -> Self {
        let share = u32::try_from(options.max_bytes.div_ceil(options.max_entries.max(1))).unwrap_or(u32::MAX);
        let capacity = if options.max_entries == 0 { 0 } else { options.max_bytes };
        let entries = Moka::builder()
            .max_capacity(capacity)
            .weigher(move |_: &Key, entry: &Entry| {
                u32::try_from(entry.bytes.len()).unwrap_or(u32::MAX).max(share).max(1)
            })
            .eviction_policy(EvictionPolicy::lru())
            .time_to_live(options.ttl)
            .build();
        Self { entries }
    }

    /// The number of entries that are kept now.
    pub async fn len(&self) -> u64 {
        self.entries.run_pending_tasks().await;
        self.entries.entry_count()
    }

    /// Whether nothing is kept now.
    pub async fn is_empty(&self) -> bool {
        self.len().await == 0
    }
}

impl Default for MemoryCache {
    fn default() -> Self {
        Self::new(MemoryCacheOptions::default())
    }
}

impl fmt::Debug for MemoryCache {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("MemoryCache").field("entries", &self.entries.entry_count()).finish()
    }
}

#[async_trait]
impl Cache for MemoryCache {
    async fn get(&self, key: &Key) -> Result<Option<Entry>> {
        Ok(self.entries.get(key).await)
    }

    async fn put(&self, key: &Key, entry: Entry) -> Result<()> {
        self.entries.insert(*key, entry).await;
        Ok(())
    }

    async fn remove(&self, key: &Key) -> Result<()> {
        self.entries.invalidate(key).await;
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn key(number: u32) -> Key {
        Key::builder("test").part("number", number.to_le_bytes()).finish()
    }

    fn options(max_entries: u64, max_bytes: u64, ttl: Duration) -> MemoryCacheOptions {
        MemoryCacheOptions { max_entries, max_bytes, ttl }
    }

    async fn filled(options: MemoryCacheOptions, entries: u32, length: usize) -> MemoryCache {
        let cache = MemoryCache::new(options);
        for number in 0..entries {
            cache.put(&key(number), Entry::new(vec![0; length])).await.unwrap();
        }
        cache
    }

    #[tokio::test]
    async fn never_more_entries_than_the_bound_and_the_oldest_go_first() {
        let cache = filled(options(10, 1 << 20, Duration::from_mins(1)), 100, 1).await;

        let kept = cache.len().await;

        assert!((9..=10).contains(&kept), "{kept}");
        assert!(cache.get(&key(0)).await.unwrap().is_none());
        assert!(cache.get(&key(99)).await.unwrap().is_some());
    }

    #[tokio::test]
    async fn never_more_bytes_than_the_bound() {
        let cache = filled(options(1000, 10_000, Duration::from_mins(1)), 100, 1000).await;

        assert_eq!(cache.len().await, 10);
    }

    #[tokio::test]
    async fn an_entry_larger_than_the_bound_is_not_kept() {
        let cache = filled(options(10, 1000, Duration::from_mins(1)), 1, 1001).await;

        assert!(cache.is_empty().await);
    }

    #[tokio::test]
    async fn an_entry_is_gone_after_its_time() {
        let cache = filled(options(10, 1000, Duration::from_millis(80)), 1, 1).await;
        assert!(cache.get(&key(0)).await.unwrap().is_some());

        tokio::time::sleep(Duration::from_millis(120)).await;

        assert!(cache.get(&key(0)).await.unwrap().is_none());
    }
}
