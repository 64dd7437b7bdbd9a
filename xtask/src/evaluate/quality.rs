use std::borrow::Cow;
use std::collections::BTreeMap;
use std::fs;
use std::thread::available_parallelism;

use rushlight_models::{Gguf, Tokenizer};

use super::engines::open;
use super::{Figure, Options};
use crate::engine::{self, Build, Engine, Launch, Peer, Reply, Request, Sums};
use crate::failure::{Failure, Result};
use crate::models::make_available;
use crate::text::Text;
use crate::workspace;

const MODELS: [&str; 3] = ["SmolLM2-135M-Instruct", "Qwen2.5-Coder-0.5B-Instruct", "Gemma-3-270M"];

/// Tokens of each passage that are read at once and not counted: a prompt.
const READ: usize = 128;
/// Passages that are computed in step.
const TOGETHER: usize = 4;
/// More than a passage has.
const CONTEXT: usize = 1_024;

/// How near the probabilities of our engine and of llama.cpp are to the exact ones, on real text.
///
/// Each passage begins with a prompt that is read at once; then the text's own tokens follow one by one, so that
/// both ways of computing count.
pub(super) fn run(options: &Options) -> Result<()> {
    let reference = engine::reference()?;
    let mut launches = vec![engine::release(Build::Native)?];
    match engine::install(Peer::LlamaCpp, Build::Native) {
        Ok(launch) => launches.push(launch),
        Err(failure) => eprintln!("{}: left out, not installed: {failure}", Peer::LlamaCpp.name()),
    }
    let models = options.model.as_deref().map_or_else(|| MODELS.to_vec(), |model| vec![model]);
    let mut seen = 0;
    for model in models {
        if options.wants(model) {
            seen += 1;
            evaluate(options, model, &reference, &launches)?;
        }
    }
    if seen == 0 { Err(Failure::new("no case has this name")) } else { Ok(()) }
}

fn evaluate(options: &Options, model: &str, reference: &Launch, launches: &[Launch]) -> Result<()> {
    let found = make_available(model)?;
    let tokenizer = Tokenizer::from_gguf(&Gguf::open(&found.path)?)?;
    let text = Text::read(options.data.as_deref(), &tokenizer)?;
    // 20 000 tokens count, or 1 000 for a first look.
    let (passages, counted) = if options.quick { (8, 125) } else { (50, 400) };
    let passages: Vec<&[u32]> = text.parts(READ + counted).take(passages).collect();
    eprintln!("{}: {} passages, {counted} tokens of each count", found.name, passages.len());
    let threads = available_parallelism().map_or(1, usize::from);
    let Some(mut exact) = open(reference, &found, threads, CONTEXT)? else { return Ok(()) };
    let mut engines = Vec::new();
    for launch in launches {
        if let Some(engine) = open(launch, &found, threads, CONTEXT)? {
            engines.push((launch.name, engine));
        }
    }
    let mut sums: BTreeMap<String, Sums> = BTreeMap::new();
    let mut tokens = 0;
    for (number, group) in passages.chunks(TOGETHER).enumerate() {
        let (scores, count) = compare(&mut exact, &mut engines, group)?;
        tokens += count;
        for (name, score) in scores {
            sums.entry(name).or_default().add(score);
        }
        eprintln!("{}: {} of {} passages", found.name, number * TOGETHER + group.len(), passages.len());
    }
    print(&found.name, &sums, tokens as f64);
    Ok(())
}

/// What each engine makes of some passages, and the number of tokens that count.
fn compare(
    exact: &mut Engine,
    engines: &mut [(&'static str, Engine)],
    passages: &[&[u32]],
) -> Result<(BTreeMap<String, Sums>, usize)> {
    let prompts: Vec<_> = passages.iter().map(|passage| Cow::from(*passage)).collect();
    let folder = workspace::target()?.join("compare");
    let mut files = BTreeMap::new();
    for (name, engine) in engines {
        let file = folder.join(format!("{name}.logits"));
        let record = Request::Record { prompts: prompts.clone(), read: READ, file: file.clone() };
        engine.require::<Reply>(&record)?;
        files.insert((*name).to_owned(), file);
    }
    let reply: Reply = exact.require(&Request::Score { prompts, read: READ, files: files.clone() })?;
    for file in files.values() {
        // What cannot be removed only takes space.
        let _ = fs::remove_file(file);
    }
    Ok((reply.scores, reply.read_tokens.unwrap_or_default()))
}

fn print(case: &str, sums: &BTreeMap<String, Sums>, tokens: f64) {
    let share = |sums: &Sums| sums.agreed as f64 / tokens;
    let divergence = |sums: &Sums| sums.divergence / tokens;
    let perplexity = |sums: &Sums| (sums.surprise / tokens).exp();
    let Some(ours) = sums.get(engine::OURS) else { return };
    let exact = sums.get(engine::REFERENCE);
    let figures = [
        Figure::new("kl", case, divergence(ours)),
        Figure::new("perplexity", case, perplexity(ours)),
        Figure::new("greedy_agreement", case, share(ours)),
    ];
    let peer = Peer::LlamaCpp.name();
    let figures = match sums.get(peer) {
        None => figures,
        Some(theirs) => {
            let [kl, surprise, agreement] = figures;
            [
                kl.below(peer, divergence(theirs)),
                surprise.below(peer, perplexity(theirs)),
                agreement.against(peer, share(theirs)),
            ]
        }
    };
    for figure in figures {
        figure.print();
    }
    if let Some(exact) = exact {
        Figure::new("perplexity", case, perplexity(ours)).below("exact reference", perplexity(exact)).print();
    }
}
