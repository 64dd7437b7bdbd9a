//! How many bytes a second are read by writing one token after so many, of weights and of keys and values? In single
//! precision and 8 bits beside the default half. `cargo run -p rushlight-kernels --example matmul` says how many could be.
//!
//! Needs the model: `cargo xtask models SmolLM2-135M-Instruct`.

use criterion::{BenchmarkId, Criterion, Throughput, criterion_group, criterion_main};
use rushlight_benches::{file, filled, tokens};
use rushlight_models::{KvType, LanguageModel, LoadOptions, Step};

fn decode(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("decode");
    for kv_type in [KvType::F16, KvType::F32, KvType::Q8] {
        let mut options = LoadOptions::default();
        options.kv_type = kv_type;
        let model = LanguageModel::open(&file().path, &options).expect("the model is whole");
        for length in [128, 512, 2_048] {
            let tokens = tokens(&model, length);
            let mut cache = filled(&model, &tokens);
            group.throughput(Throughput::Bytes(model.info().size_bytes + cache.size_bytes() as u64));
            group.bench_function(BenchmarkId::new(format!("{kv_type:?}"), length), |bencher| {
                bencher.iter(|| {
                    cache.truncate(length);
                    model.forward(&mut [Step::new(&tokens[..1], &mut cache)])
                });
            });
        }
    }
    group.finish();
}

criterion_group! {
    name = benches;
    config = Criterion::default().sample_size(10);
    targets = decode
}
criterion_main!(benches);
