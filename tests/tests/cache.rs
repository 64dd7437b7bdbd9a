//! Caches.

use rushlight::MemoryCache;

rushlight_tests::cache_suite!(MemoryCache::default());
