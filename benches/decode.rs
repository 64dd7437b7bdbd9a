//! How many tokens a second, reading a prompt and writing an answer? With a small real model.
//!
//! Needs the model: `cargo xtask models SmolLM2-135M-Instruct`.

use criterion::{BatchSize, BenchmarkId, Criterion, Throughput, criterion_group, criterion_main};
use rushlight_models::hub::Hub;
use rushlight_models::{KvCache, LanguageModel, LoadOptions, Special, Step};

fn model() -> LanguageModel {
    let hub = Hub::new().expect("the machine has a cache directory");
    let model = hub.resolve("SmolLM2-135M-Instruct").expect("the model is fetched");
    LanguageModel::open(&model.path, &LoadOptions::default()).expect("the model is whole")
}

/// That many tokens of English.
fn tokens(model: &LanguageModel, count: usize) -> Vec<u32> {
    let text = "The lighthouse keeper wrote every evening what the sea had done. ".repeat(count / 8);
    let mut tokens = model.tokenizer().encode(&text, Special::Text).expect("the text is plain");
    tokens.truncate(count);
    tokens
}

/// A cache that holds these tokens.
fn filled(model: &LanguageModel, tokens: &[u32]) -> KvCache {
    let mut cache = model.new_cache();
    model.forward(&mut [Step::fill(tokens, &mut cache)]).expect("the context is long enough");
    cache
}

fn decode(criterion: &mut Criterion) {
    let model = model();
    let mut group = criterion.benchmark_group("decode");
    for length in [128, 512] {
        let tokens = tokens(&model, length);
        group.throughput(Throughput::Elements(length as u64));
        group.bench_function(BenchmarkId::new("prompt", length), |bencher| {
            bencher.iter_batched(
                || model.new_cache(),
                |mut cache| model.forward(&mut [Step::new(&tokens, &mut cache)]),
                BatchSize::PerIteration,
            );
        });
        let mut cache = filled(&model, &tokens);
        group.throughput(Throughput::Elements(1));
        group.bench_function(BenchmarkId::new("one token after", length), |bencher| {
            bencher.iter(|| {
                cache.truncate(length);
                model.forward(&mut [Step::new(&tokens[..1], &mut cache)])
            });
        });
    }
    group.finish();
}

criterion_group! {
    name = benches;
    config = Criterion::default().sample_size(10);
    targets = decode
}
criterion_main!(benches);
