use std::path::Path;
use std::thread::available_parallelism;

use rushlight_models::hub::LocalModel;
use rushlight_models::{ChatTemplate, Gguf, Tokenizer};

use super::case::Case;
use super::score::Score;
use super::{api_bank, bfcl, seal_tools, when2call};
use crate::engine::{self, Build, Engine, Launch, Peer, Reply, Turn};
use crate::evaluate::engines::open;
use crate::evaluate::{Figure, Options, sample};
use crate::failure::{Failure, Result};
use crate::models::make_available;
use crate::progress::Count;

const MODEL: &str = "Qwen2.5-Coder-0.5B-Instruct";

/// Cases of each set, and for a first look.
const CASES: usize = 100;
const QUICK: usize = 20;

/// More than a prompt and its answer have.
const CONTEXT: usize = 4_096;
/// The longest prompt, and the most tokens of an answer: a call that is not ended by then is none.
const PROMPT: usize = 2_000;
const ANSWER: usize = 192;

/// A set of cases.
struct Source {
    name: &'static str,
    /// A file that its folder must have.
    member: &'static str,
    read: fn(&Path, member: &str) -> Result<Vec<Case>>,
}

const SOURCES: [Source; 6] = [
    Source { name: "simple_python", member: "BFCL_v4_simple_python.json", read: bfcl::read },
    Source { name: "live_simple", member: "BFCL_v4_live_simple.json", read: bfcl::read },
    Source { name: "irrelevance", member: "BFCL_v4_irrelevance.json", read: bfcl::read },
    Source { name: "seal-tools", member: "tool.jsonl.gz", read: |folder, _| seal_tools::read(folder) },
    Source { name: "api-bank", member: "apis.jsonl", read: |folder, _| api_bank::read(folder) },
    Source { name: "when2call", member: "when2call.jsonl", read: |folder, _| when2call::read(folder) },
];

/// Whether calls are valid and right, and not made where none is right: held to a grammar, on the model's own, and by
/// llama.cpp with its grammar; with the seconds of a case, and the share of cases in which a call would be made with a
/// threshold of its probability.
pub(in crate::evaluate) fn run(options: &Options) -> Result<()> {
    let wanted =
        |set: &str| ["constrained", "unconstrained"].iter().any(|way| options.wants(&format!("{set}/{way}")));
    let sources: Vec<_> = SOURCES.iter().filter(|source| wanted(source.name)).collect();
    if sources.is_empty() {
        return Err(Failure::new("no case has this name"));
    }
    let ours = engine::release(Build::Native)?;
    let mut launches = vec![ours.clone(), engine::free_calls(&ours)];
    match engine::install(Peer::LlamaCpp, Build::Native) {
        Ok(launch) => launches.push(launch),
        Err(failure) => eprintln!("{}: left out, not installed: {failure}", Peer::LlamaCpp.name()),
    }
    let mut bench = Bench::open(options.model.as_deref().unwrap_or(MODEL), &launches)?;
    for Source { name, member, read } in sources {
        let folders = options.sets(member)?;
        let cases = sample(read(&folders[0].path, member)?, if options.quick { QUICK } else { CASES });
        let scores = bench.measure(name, &cases)?;
        print(options, name, &scores);
    }
    Ok(())
}

/// A model, loaded by every side.
struct Bench {
    tokenizer: Tokenizer,
    template: ChatTemplate,
    sides: Vec<Engine>,
}

impl Bench {
    fn open(model: &str, launches: &[Launch]) -> Result<Self> {
        let found: LocalModel = make_available(model)?;
        let gguf = Gguf::open(&found.path)?;
        let tokenizer = Tokenizer::from_gguf(&gguf)?;
        let template = ChatTemplate::from_gguf(&gguf, &tokenizer)?.unwrap_or_else(ChatTemplate::chatml);
        let threads = available_parallelism().map_or(1, usize::from);
        let mut sides = Vec::new();
        for launch in launches {
            sides.extend(open(launch, &found, threads, CONTEXT)?);
        }
        Ok(Self { tokenizer, template, sides })
    }

    /// The score of every side, by its name. Nobody is always first.
    fn measure(&mut self, set: &str, cases: &[Case]) -> Result<Vec<(&'static str, Score)>> {
        let mut scores: Vec<_> = self.sides.iter().map(|side| (side.name(), Score::default())).collect();
        let (count, mut left_out) = (Count::new(set), 0);
        for (number, case) in cases.iter().enumerate() {
            let turn = Turn::new(&self.template, &self.tokenizer, case.messages.clone(), case.tools.clone())?;
            if turn.tokens.len() > PROMPT {
                left_out += 1;
                continue;
            }
            let mut order: Vec<usize> = (0..self.sides.len()).collect();
            if number % 2 == 1 {
                order.reverse();
            }
            for side in order {
                let reply: Reply = self.sides[side].require(&turn.call(ANSWER))?;
                scores[side].1.add(case, &reply);
            }
            count.show(number + 1, cases.len());
        }
        eprintln!(
            "{set}: {} cases, {left_out} left out with more than {PROMPT} tokens",
            cases.len() - left_out
        );
        Ok(scores)
    }
}

/// Ours held to a grammar beside llama.cpp, then on the model's own.
fn print(options: &Options, set: &str, scores: &[(&str, Score)]) {
    let score = |name: &str| scores.iter().find(|(side, _)| *side == name).map(|(_, score)| score);
    let peer = Peer::LlamaCpp.name();
    let ways = [("constrained", engine::OURS, peer), ("unconstrained", engine::FREE_CALLS, engine::OURS)];
    for (way, name, other) in ways {
        let case = format!("{set}/{way}");
        let Some(ours) = score(name).filter(|_| options.wants(&case)) else { continue };
        let other_score = score(other);
        for (figure, value) in ours.shares() {
            let line = Figure::new(figure, &case, value);
            match other_score.and_then(|theirs| theirs.share(figure)) {
                Some(theirs) => line.against(other, theirs).print(),
                None => line.print(),
            }
        }
        for (threshold, share) in ours.likely() {
            Figure::new(&format!("calls_from_{threshold}"), &case, share).print();
        }
        let line = Figure::new("seconds", &case, ours.seconds());
        match other_score {
            Some(theirs) => line.below(other, theirs.seconds()).print(),
            None => line.print(),
        }
    }
}
