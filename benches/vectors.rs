//! When does the graph beat exact search, and what do filters cost? One query for 10 neighbours among clustered vectors of
//! 384 dimensions, beside the graph of `hnsw_rs`.

use criterion::{BenchmarkId, Criterion, criterion_group, criterion_main};
use hnsw_rs::prelude::{DistDot, Hnsw};
use rushlight::retrieval::{
    Filter, FlatStore, HnswOptions, HnswStore, Metric, VectorQuery, VectorRow, VectorStore,
};
use tokio::runtime::Runtime;

const DIMENSIONS: usize = 384;
const CENTRES: usize = 100;
const QUERIES: usize = 64;

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

/// Vectors of length 1 around a hundred centres, as sentence vectors lie around topics; the last are queries.
fn vectors(count: usize) -> Vec<Vec<f32>> {
    let mut noise = Noise(1);
    let centres: Vec<_> = (0..CENTRES).map(|_| noise.vector()).collect();
    (0..count + QUERIES)
        .map(|index| {
            let around = noise.vector();
            let centre = &centres[index % CENTRES];
            let vector: Vec<f32> =
                centre.iter().zip(around).map(|(centre, around)| centre + 0.7 * around).collect();
            let length = vector.iter().map(|value| value * value).sum::<f32>().sqrt();
            vector.into_iter().map(|value| value / length).collect()
        })
        .collect()
}

/// One row in a hundred is in Rust, one in ten in Go.
fn row((id, vector): (usize, Vec<f32>)) -> VectorRow {
    let row = VectorRow::new(id as u64, vector);
    match id % 100 {
        0 => row.field("lang", "rust"),
        1..=10 => row.field("lang", "go"),
        _ => row,
    }
}

fn search(criterion: &mut Criterion) {
    let runtime = Runtime::new().expect("the machine can start threads");
    let mut group = criterion.benchmark_group("vectors");
    for size in [1_000, 10_000, 50_000] {
        let mut vectors = vectors(size);
        let queries = vectors.split_off(size);
        let queries: Vec<VectorQuery> =
            queries.into_iter().map(|query| VectorQuery::new(query, 10)).collect();
        let filtered = |lang: &str| -> Vec<VectorQuery> {
            queries.iter().map(|query| query.clone().filter(Filter::equals("lang", lang))).collect()
        };
        let rows: Vec<VectorRow> = vectors.iter().cloned().enumerate().map(row).collect();
        let flat = FlatStore::new(DIMENSIONS, Metric::Cosine);
        let graph =
            HnswStore::new(DIMENSIONS, Metric::Cosine, HnswOptions::default()).expect("defaults are valid");
        runtime.block_on(async {
            flat.upsert(rows.clone()).await.expect("rows are finite");
            graph.upsert(rows).await.expect("rows are finite");
            graph.rebuild().await.expect("a thread can be started");
        });
        let mut measure = |name: &str, store: &dyn VectorStore, queries: &[VectorQuery]| {
            let mut next = queries.iter().cycle();
            group.bench_function(BenchmarkId::new(name, size), |bencher| {
                bencher.to_async(&runtime).iter(|| store.search(next.next().expect("a cycle has no end")));
            });
        };
        measure("exact", &flat, &queries);
        measure("hnsw", &graph, &queries);
        measure("hnsw, 1 % match", &graph, &filtered("rust"));
        measure("hnsw, 10 % match", &graph, &filtered("go"));
        if size == 10_000 {
            let HnswOptions { m, ef_construction, ef, .. } = HnswOptions::default();
            let peer = Hnsw::new(m, size, 16, ef_construction, DistDot {});
            for (id, vector) in vectors.iter().enumerate() {
                peer.insert((vector, id));
            }
            let mut next = queries.iter().cycle();
            group.bench_function(BenchmarkId::new("hnsw_rs", size), |bencher| {
                bencher.iter(|| peer.search(&next.next().expect("a cycle has no end").vector, 10, ef));
            });
        }
    }
    group.finish();
}

criterion_group!(benches, search);
criterion_main!(benches);
