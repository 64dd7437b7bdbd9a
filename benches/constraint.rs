//! What does it cost to write under a grammar? Text with tools that are not called beside the same without constraints, and
//! JSON under its schema beside JSON that was only asked for, and the masks of such an answer without the model; elements are
//! tokens of the answer.
//!
//! Needs the model: `cargo xtask models Qwen2.5-Coder-0.5B-Instruct`.

use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use rushlight::{LlmExt, LocalLlm, LocalLlmOptions, Message, Prompt, Sampling, ToolSpec};
use rushlight_models::hub::Hub;
use rushlight_models::{Gguf, Grammar, Grammars, Special, Tokenizer};
use serde_json::{Value, json};
use tokio::runtime::Runtime;

const MODEL: &str = "Qwen2.5-Coder-0.5B-Instruct";

fn prompt(question: &str) -> Prompt {
    Prompt::new(vec![Message::user(question)]).sampling(Sampling::greedy()).max_output_tokens(96)
}

/// A question that a tool is no help with.
fn prose() -> Prompt {
    let parameters = json!({
        "type": "object",
        "properties": {"city": {"type": "string"}, "days": {"type": "integer"}},
        "required": ["city"],
    });
    let tool = ToolSpec::new("weather_forecast", "The weather of the next days in a city.", parameters);
    prompt("Explain in a few sentences how a lighthouse warns ships.").tools(vec![tool])
}

fn extraction() -> Prompt {
    prompt(
        "The Bell Rock Lighthouse off the coast of Angus, Scotland, was built between 1807 and 1810 by Robert Stevenson, stands \
         35 metres tall, and its light is visible from 56 kilometres. Give its name, place, architect, first_year, last_year, \
         height_in_metres and visible_from_kilometres as one JSON object.",
    )
}

fn lighthouse() -> Value {
    json!({
        "type": "object",
        "properties": {
            "name": {"type": "string"},
            "place": {"type": "string"},
            "architect": {"type": "string"},
            "first_year": {"type": "integer"},
            "last_year": {"type": "integer"},
            "height_in_metres": {"type": "integer"},
            "visible_from_kilometres": {"type": "integer"},
        },
        "required": [
            "name", "place", "architect", "first_year", "last_year", "height_in_metres", "visible_from_kilometres",
        ],
    })
}

fn constraint(criterion: &mut Criterion) {
    let runtime = Runtime::new().expect("the machine can start threads");
    // Guesses would hide what the grammar does.
    let options = LocalLlmOptions::default().speculation(false);
    let open = |options| runtime.block_on(LocalLlm::open_with(MODEL, options)).expect("the model is fetched");
    let constrained = open(options.clone());
    let free = open(options.constrain_calls(false));
    let cases = [
        ("text", "with calls under a grammar", &constrained, prose()),
        ("text", "without", &free, prose()),
        ("json", "under its schema", &constrained, extraction().schema(lighthouse())),
        ("json", "asked for", &constrained, extraction()),
    ];
    for (kind, name, llm, prompt) in cases {
        let completion = runtime.block_on(llm.complete(prompt.clone())).expect("the model answers");
        let mut group = criterion.benchmark_group(kind);
        group.throughput(Throughput::Elements(completion.usage.output_tokens as u64));
        group.bench_function(name, |bencher| {
            bencher.to_async(&runtime).iter(|| llm.complete(prompt.clone()));
        });
        group.finish();
    }
}

/// What an answer under the schema takes beside the passes of the model.
fn masks(criterion: &mut Criterion) {
    let file = Hub::new().and_then(|hub| hub.resolve(MODEL)).expect("the model is fetched");
    let tokenizer =
        Gguf::open(&file.path).and_then(|gguf| Tokenizer::from_gguf(&gguf)).expect("the file is whole");
    let grammars = Grammars::new(&tokenizer).expect("the vocabulary is plain");
    let grammar = Grammar::json_schema(&lighthouse()).expect("the schema is small");
    let start = grammars.compile(&grammar).expect("the schema can be compiled");
    let answer = r#"{"name": "Bell Rock Lighthouse", "place": "Angus, Scotland", "architect": "Robert Stevenson", "first_year": 1807, "last_year": 1810, "height_in_metres": 35, "visible_from_kilometres": 56}"#;
    let tokens = tokenizer.encode(answer, Special::Text).expect("the text is plain");
    let mut logits = vec![0.0; tokenizer.vocabulary()];
    let mut group = criterion.benchmark_group("json");
    group.throughput(Throughput::Elements(tokens.len() as u64));
    group.bench_function("masks alone", |bencher| {
        bencher.iter(|| {
            let mut matcher = start.fork();
            for &token in &tokens {
                matcher.mask(&mut logits).expect("the answer fits");
                matcher.accept(token).expect("the answer fits");
            }
        });
    });
    group.finish();
}

criterion_group! {
    name = benches;
    config = Criterion::default().sample_size(10);
    targets = constraint, masks
}
criterion_main!(benches);
