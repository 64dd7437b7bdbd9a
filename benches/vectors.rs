//! When does the graph beat exact search? One query for 10 neighbours among clustered vectors of 384 dimensions.

use criterion::{BenchmarkId, Criterion, criterion_group, criterion_main};
use rushlight::retrieval::{FlatStore, HnswOptions, HnswStore, Metric, VectorRow, VectorStore};
use tokio::runtime::Runtime;

const DIMENSIONS: usize = 384;

/// Numbers between -1 and 1 that are the same in every run.
struct Noise(u64);

impl Noise {
    fn next(&mut self) -> f32 {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 40) as f32 / (1_u64 << 23) as f32 - 1.0
    }

    fn vector(&mut self) -> Vec<f32> {
        (0..DIMENSIONS).map(|_| self.next()).collect()
    }
}

/// Rows around a hundred centres, as sentence vectors lie around topics.
fn rows(count: usize) -> Vec<VectorRow> {
    let mut noise = Noise(1);
    let centres: Vec<_> = (0..100).map(|_| noise.vector()).collect();
    (0..count)
        .map(|id| {
            let around = noise.vector();
            let centre = &centres[id % centres.len()];
            let vector = centre.iter().zip(around).map(|(centre, around)| centre + 0.7 * around).collect();
            VectorRow { id: id as u64, vector }
        })
        .collect()
}

fn search(criterion: &mut Criterion) {
    let runtime = Runtime::new().expect("the machine can start threads");
    let mut group = criterion.benchmark_group("vectors");
    for size in [1_000, 10_000] {
        let rows = rows(size);
        let query = rows[size / 2].vector.iter().rev().copied().collect::<Vec<_>>();
        let flat = FlatStore::new(DIMENSIONS, Metric::Cosine);
        let graph =
            HnswStore::new(DIMENSIONS, Metric::Cosine, HnswOptions::default()).expect("defaults are valid");
        runtime.block_on(async {
            flat.upsert(rows.clone()).await.expect("rows are finite");
            graph.upsert(rows).await.expect("rows are finite");
        });
        group.bench_function(BenchmarkId::new("exact", size), |bencher| {
            bencher.to_async(&runtime).iter(|| flat.search(&query, 10));
        });
        group.bench_function(BenchmarkId::new("hnsw", size), |bencher| {
            bencher.to_async(&runtime).iter(|| graph.search(&query, 10));
        });
    }
    group.finish();
}

criterion_group!(benches, search);
criterion_main!(benches);
