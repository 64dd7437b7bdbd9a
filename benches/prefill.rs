//! How many tokens of a prompt are read in a second, at which length? Beside reading them one by one.
//!
//! Needs the model: `cargo xtask models SmolLM2-135M-Instruct`.

use criterion::{BatchSize, BenchmarkId, Criterion, Throughput, criterion_group, criterion_main};
use rushlight_benches::{model, tokens};
use rushlight_models::Step;

fn prefill(criterion: &mut Criterion) {
    let model = model();
    let mut group = criterion.benchmark_group("prefill");
    for length in [128, 512, 2_048] {
        let tokens = tokens(&model, length);
        group.throughput(Throughput::Elements(length as u64));
        group.bench_function(BenchmarkId::new("chunks of 128", length), |bencher| {
            bencher.iter_batched(
                || model.new_cache(),
                |mut cache| {
                    for chunk in tokens.chunks(128) {
                        model
                            .forward(&mut [Step::new(chunk, &mut cache)])
                            .expect("the context is long enough");
                    }
                },
                BatchSize::PerIteration,
            );
        });
    }
    let tokens = tokens(&model, 128);
    group.throughput(Throughput::Elements(tokens.len() as u64));
    group.bench_function(BenchmarkId::new("one by one", tokens.len()), |bencher| {
        bencher.iter_batched(
            || model.new_cache(),
            |mut cache| {
                for token in tokens.chunks(1) {
                    model.forward(&mut [Step::new(token, &mut cache)]).expect("the context is long enough");
                }
            },
            BatchSize::PerIteration,
        );
    });
    group.finish();
}

criterion_group! {
    name = benches;
    config = Criterion::default().sample_size(10);
    targets = prefill
}
criterion_main!(benches);
