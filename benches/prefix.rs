//! How long until the first token when a prompt begins as an earlier one did? Beside prompts that begin anew.
//!
//! Needs the model: `cargo xtask models SmolLM2-135M-Instruct`.

use criterion::{Criterion, criterion_group, criterion_main};
use rushlight::{LlmExt, LocalLlm, Message, Prompt, Sampling};
use tokio::runtime::Runtime;

/// Instructions of about 900 tokens, which begin with `first`.
fn prompt(first: usize, question: usize) -> Prompt {
    let instructions =
        "You answer what the lighthouse keeper wrote. Be brief, be kind, be right. ".repeat(50);
    let messages = vec![
        Message::system(format!("{first}. {instructions}")),
        Message::user(format!("What did the sea do on day {question}?")),
    ];
    Prompt::new(messages).sampling(Sampling::greedy()).max_output_tokens(1)
}

fn prefix(criterion: &mut Criterion) {
    let runtime = Runtime::new().expect("the machine can start threads");
    let llm = runtime.block_on(LocalLlm::open("SmolLM2-135M-Instruct")).expect("the model is fetched");
    let mut group = criterion.benchmark_group("first token");
    let mut number = 0;
    group.bench_function("begins as before", |bencher| {
        bencher.to_async(&runtime).iter(|| {
            number += 1;
            llm.complete(prompt(0, number))
        });
    });
    group.bench_function("begins anew", |bencher| {
        bencher.to_async(&runtime).iter(|| {
            number += 1;
            llm.complete(prompt(number, number))
        });
    });
    group.finish();
}

criterion_group! {
    name = benches;
    config = Criterion::default().sample_size(10);
    targets = prefix
}
criterion_main!(benches);
