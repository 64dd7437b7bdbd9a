//! How long does a look-up take, and a store that evicts? Beside a map behind a lock, which neither bounds nor expires.

use std::collections::HashMap;
use std::hint::black_box;
use std::sync::Mutex;

use criterion::{BenchmarkId, Criterion, criterion_group, criterion_main};
use rushlight::cache::{Entry, Key, MemoryCacheOptions};
use rushlight::{Cache, MemoryCache};
use tokio::runtime::Runtime;

fn key(number: u64) -> Key {
    let mut bytes = [0; 32];
    bytes[..8].copy_from_slice(&number.wrapping_mul(0x9e37_79b9_7f4a_7c15).to_le_bytes());
    Key::from_bytes(bytes)
}

fn entry() -> Entry {
    Entry::new(vec![7; 1024])
}

fn cache(criterion: &mut Criterion) {
    let runtime = Runtime::new().expect("the machine can start threads");
    let mut group = criterion.benchmark_group("cache");
    for size in [1_000_u64, 100_000] {
        let memory = MemoryCache::new(MemoryCacheOptions::default().max_entries(size).max_bytes(size * 2048));
        let map = Mutex::new(HashMap::new());
        runtime.block_on(async {
            for number in 0..size {
                memory.put(&key(number), entry()).await.expect("memory takes it");
                map.lock().expect("nobody panics").insert(key(number), entry());
            }
        });
        let mut next = 0;
        group.bench_function(BenchmarkId::new("get", size), |bencher| {
            bencher.to_async(&runtime).iter(|| {
                next = (next + 1) % size;
                let (memory, key) = (&memory, key(next));
                async move { memory.get(black_box(&key)).await }
            });
        });
        group.bench_function(BenchmarkId::new("get from a locked map", size), |bencher| {
            bencher.iter(|| {
                next = (next + 1) % size;
                map.lock().expect("nobody panics").get(black_box(&key(next))).cloned()
            });
        });
        let mut fresh = size;
        group.bench_function(BenchmarkId::new("put with eviction", size), |bencher| {
            bencher.to_async(&runtime).iter(|| {
                fresh += 1;
                let key = key(fresh);
                let memory = &memory;
                async move { memory.put(&key, entry()).await }
            });
        });
    }
    group.finish();
}

criterion_group!(benches, cache);
criterion_main!(benches);
