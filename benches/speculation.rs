//! How long does an answer take that repeats its documents, or an earlier answer, when tokens are guessed? Beside no guesses.
//!
//! Needs the model: `cargo xtask models SmolLM2-135M-Instruct`.

use criterion::{Criterion, criterion_group, criterion_main};
use rushlight::{KvReuse, LlmExt, LocalLlm, LocalLlmOptions, Message, Prompt, Sampling};
use tokio::runtime::Runtime;

const DOCUMENT: &str = "\
The Bell Rock Lighthouse stands off the coast of Angus, Scotland. It was built between 1807 and 1810 by Robert Stevenson
on the Bell Rock in the North Sea, 18 kilometres east of the Firth of Tay. Standing 35 metres tall, its light is visible
from 56 kilometres inland. The masonry work on which the lighthouse rests has not needed to be replaced or repaired.";

fn prompt() -> Prompt {
    let question = format!("{DOCUMENT}\n\nRepeat the text above word for word.");
    Prompt::new(vec![Message::user(question)]).sampling(Sampling::greedy()).max_output_tokens(96)
}

fn speculation(criterion: &mut Criterion) {
    let runtime = Runtime::new().expect("the machine can start threads");
    // Without reuse no earlier answer is known.
    let groups = [("an answer from a document", KvReuse::Off), ("an answer as before", KvReuse::Prefix)];
    for (name, reuse) in groups {
        let mut group = criterion.benchmark_group(name);
        for (name, guesses) in [("with guesses", true), ("without", false)] {
            let options = LocalLlmOptions::default().kv_reuse(reuse).speculation(guesses);
            let llm = runtime
                .block_on(LocalLlm::open_with("SmolLM2-135M-Instruct", options))
                .expect("the model is fetched");
            group.bench_function(name, |bencher| {
                bencher.to_async(&runtime).iter(|| llm.complete(prompt()));
            });
        }
        group.finish();
    }
}

criterion_group! {
    name = benches;
    config = Criterion::default().sample_size(10);
    targets = speculation
}
criterion_main!(benches);
