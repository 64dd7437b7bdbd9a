use std::time::Instant;

use rushlight::LocalLlm;

use super::case::{self, Case};
use super::help::Help;
use super::plan::{Cards, Planner, Task};
use super::rules::Rules;
use super::score::Score;
use crate::evaluate::{Figure, Options, sample};
use crate::failure::{Failure, Result};
use crate::models::make_available;
use crate::progress::Count;

const MODEL: &str = "Qwen2.5-Coder-0.5B-Instruct";
const EMBEDDER: &str = "all-MiniLM-L6-v2";

/// Files with requests and their commands.
const SETS: [&str; 2] = ["kubectl_examples", "tldr_kubectl"];
/// Cases of each set for a first look.
const QUICK: usize = 20;

const WAYS: [&str; 2] = ["constrained", "unconstrained"];

/// Whether requests become commands that kubectl would take, and the right ones: held to the rules of the system
/// `rag_k8s`, and in the model's own words from the same prompts; with the seconds of a case. Every pair is a card for the
/// others, and no request sees its own.
pub(in crate::evaluate) fn run(options: &Options) -> Result<()> {
    let runtime = tokio::runtime::Runtime::new()
        .map_err(|error| Failure::new(format!("cannot start the async workers: {error}")))?;
    runtime.block_on(measure(options))
}

async fn measure(options: &Options) -> Result<()> {
    let wanted = |set: &str| WAYS.iter().any(|way| options.wants(&format!("{set}/{way}")));
    if !SETS.iter().any(|set| wanted(set)) {
        return Err(Failure::new("no case has this name"));
    }
    let folder = &options.sets(&format!("{}.jsonl", SETS[0]))?[0].path;
    let help = Help::read(folder)?;
    let mut sets = Vec::new();
    for set in SETS {
        let (cases, left_out) = case::read(&folder.join(format!("{set}.jsonl")), &help)?;
        eprintln!(
            "{set}: {} cases, {left_out} left out: not one plain command that the help knows",
            cases.len()
        );
        sets.push((set, cases));
    }
    let all: Vec<Case> = sets.iter().flat_map(|(_, cases)| cases).cloned().collect();
    let rules = Rules::read()?;
    let embedder = make_available(EMBEDDER)?;
    let cards = Cards::new(&embedder.path.to_string_lossy(), &rules, &all).await?;
    let model = make_available(options.model.as_deref().unwrap_or(MODEL))?.path;
    let model = model.to_string_lossy();
    // Each has its own keys and values: neither gains from what the other has computed.
    let planners = [
        Planner::constrained(LocalLlm::open(&model).await?),
        Planner::unconstrained(LocalLlm::open(&model).await?),
    ];
    let bench = Bench { help, rules, cards, planners };
    for (set, cases) in sets.into_iter().filter(|(set, _)| wanted(set)) {
        let cases = if options.quick { sample(cases, QUICK) } else { cases };
        bench.measure(options, set, &cases).await?;
    }
    Ok(())
}

struct Bench {
    help: Help,
    rules: Rules,
    cards: Cards,
    planners: [Planner; 2],
}

impl Bench {
    async fn measure(&self, options: &Options, set: &str, cases: &[Case]) -> Result<()> {
        let names = WAYS.map(|way| format!("{set}/{way}"));
        let mut scores = [Score::default(), Score::default()];
        let count = Count::new(set);
        for (number, case) in cases.iter().enumerate() {
            let task = Task::new(case, &self.cards, &self.rules).await?;
            for side in 0..scores.len() {
                if !options.wants(&names[side]) {
                    continue;
                }
                let Some(task) = &task else {
                    scores[side].refuse();
                    continue;
                };
                let start = Instant::now();
                let plan = self.planners[side].plan(task).await?;
                scores[side].add(case, plan.as_deref(), &self.help, start.elapsed());
            }
            count.show(number + 1, cases.len());
        }
        drop(count);
        for side in 0..scores.len() {
            if options.wants(&names[side]) {
                for (figure, value) in scores[side].figures() {
                    Figure::new(figure, &names[side], value).print();
                }
            }
        }
        Ok(())
    }
}
