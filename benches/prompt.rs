//! What does a prompt cost before the model sees it? Rendering the chat template, then tokens, in bytes a second.
//!
//! Needs the model: `cargo xtask models SmolLM2-135M-Instruct`.

use std::hint::black_box;

use criterion::{BenchmarkId, Criterion, Throughput, criterion_group, criterion_main};
use rushlight_benches::model;
use rushlight_models::{ChatTemplate, Conversation, Special};
use serde_json::json;

const SENTENCE: &str = "The quick brown fox — 12 of them, naïve ones — jumps over `let x = 3;`. ";

fn conversation(bytes: usize) -> Conversation {
    let question = SENTENCE.repeat(bytes / SENTENCE.len());
    Conversation {
        messages: json!([{"role": "system", "content": "Answer briefly."}, {"role": "user", "content": question}]),
        tools: serde_json::Value::Null,
        add_generation_prompt: true,
    }
}

fn prompt(criterion: &mut Criterion) {
    let model = model();
    let template: &ChatTemplate = model.template().expect("the model is made for chats");
    let mut group = criterion.benchmark_group("prompt");
    for bytes in [1_000, 100_000] {
        let conversation = conversation(bytes);
        let text = template.render(&conversation).expect("the template takes a conversation");
        group.throughput(Throughput::Bytes(text.len() as u64));
        group.bench_function(BenchmarkId::new("render", bytes), |bencher| {
            bencher.iter(|| template.render(black_box(&conversation)));
        });
        group.bench_function(BenchmarkId::new("encode", bytes), |bencher| {
            bencher.iter(|| model.tokenizer().encode(black_box(&text), Special::Parse));
        });
    }
    group.finish();
}

criterion_group! {
    name = benches;
    config = Criterion::default().sample_size(20);
    targets = prompt
}
criterion_main!(benches);
