//! How many tokens a second do several generations write together? Beside the same ones after one another.
//!
//! Needs the model: `cargo xtask models SmolLM2-135M-Instruct`.

use criterion::{BenchmarkId, Criterion, Throughput, criterion_group, criterion_main};
use rushlight_benches::{filled, model, tokens};
use rushlight_models::{KvCache, Step};

/// Tokens before the ones that are written.
const LENGTH: usize = 128;

fn batching(criterion: &mut Criterion) {
    let model = model();
    let tokens = tokens(&model, LENGTH);
    let mut group = criterion.benchmark_group("batching");
    for count in [1, 2, 4, 8] {
        let mut caches: Vec<KvCache> = (0..count).map(|_| filled(&model, &tokens)).collect();
        group.throughput(Throughput::Elements(count));
        group.bench_function(BenchmarkId::new("together", count), |bencher| {
            bencher.iter(|| {
                for cache in &mut caches {
                    cache.truncate(LENGTH);
                }
                let mut steps: Vec<Step<'_>> =
                    caches.iter_mut().map(|cache| Step::new(&tokens[..1], cache)).collect();
                model.forward(&mut steps)
            });
        });
        group.bench_function(BenchmarkId::new("after one another", count), |bencher| {
            bencher.iter(|| {
                for cache in &mut caches {
                    cache.truncate(LENGTH);
                    model.forward(&mut [Step::new(&tokens[..1], cache)]).expect("the context is long enough");
                }
            });
        });
    }
    group.finish();
}

criterion_group! {
    name = benches;
    config = Criterion::default().sample_size(10);
    targets = batching
}
criterion_main!(benches);
