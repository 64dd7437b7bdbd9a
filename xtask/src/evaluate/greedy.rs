use std::path::Path;

use rushlight_models::{KvType, LanguageModel, LoadOptions, Step};
use serde::Deserialize;

use super::{Figure, Options};
use crate::failure::{Failure, Result};
use crate::models::make_available;
use crate::workspace;

/// Two logits that are nearer than this may change places through rounding alone.
const NEAR_TIE: f32 = 0.05;

/// How the reference agrees with itself is what any other order of summation can reach.
const ITSELF: &str = "llama.cpp with --flash-attn off";

/// What llama.cpp generated at temperature 0.
#[derive(Debug, Deserialize)]
struct Reference {
    reference: String,
    models: Vec<Model>,
}

#[derive(Debug, Deserialize)]
struct Model {
    model: String,
    file: String,
    cases: Vec<Case>,
    /// Where llama.cpp without flash attention prefers another token than with it.
    #[serde(default)]
    unlike_itself: Vec<SelfDifference>,
    /// Where exact arithmetic prefers another token.
    #[serde(default)]
    exact: Vec<ExactDifference>,
}

#[derive(Debug, Deserialize)]
struct ExactDifference {
    case: String,
    step: usize,
    id: u32,
}

#[derive(Debug, Deserialize)]
struct SelfDifference {
    case: String,
    gaps: [f32; 2],
}

#[derive(Debug, Deserialize)]
struct Case {
    case: String,
    prompt_ids: Vec<u32>,
    ids: Vec<u32>,
    /// At each step, how far the greatest logit is above the second.
    gaps: Vec<f32>,
}

/// Our likeliest token at each step of the reference, given the reference's tokens before it.
pub(super) fn run(options: &Options) -> Result<()> {
    let mut seen = 0;
    for set in options.sets("greedy.json")? {
        let path = set.path.join("greedy.json");
        let reference: Reference = serde_json::from_str(&workspace::read(&path)?)
            .map_err(|error| Failure::new(format!("`{}` is not as expected: {error}", path.display())))?;
        eprintln!("reference: {}", reference.reference);
        for model in reference.models.iter().filter(|model| is_meant(options, model)) {
            seen += evaluate(options, model)?;
        }
    }
    if seen == 0 { Err(Failure::new("no case has this name and model")) } else { Ok(()) }
}

/// Whether `--model` names this model or is the path of its file.
fn is_meant(options: &Options, model: &Model) -> bool {
    options.model.as_deref().is_none_or(|name| {
        name.eq_ignore_ascii_case(&model.model)
            || Path::new(name).file_name().is_some_and(|file| file.eq_ignore_ascii_case(&*model.file))
    })
}

/// Prints the figures of the wanted cases and gives their number.
fn evaluate(options: &Options, recorded: &Model) -> Result<usize> {
    let named = recorded.cases.iter().map(|case| (format!("{}/{}", recorded.model, case.case), case));
    let mut wanted: Vec<_> = named.filter(|(name, _)| options.wants(name)).collect();
    if options.quick {
        wanted.truncate(2);
    }
    if wanted.is_empty() {
        return Ok(0);
    }
    let file = make_available(options.model.as_deref().unwrap_or(&recorded.model))?.path;
    // Single precision shows the arithmetic alone; half precision, the default, rounds keys and values too.
    for (kv_type, suffix) in [(KvType::F32, ""), (KvType::F16, "/f16")] {
        let mut load = LoadOptions::default();
        load.kv_type = kv_type;
        let model = LanguageModel::open(&file, &load)?;
        for (name, case) in &wanted {
            evaluate_case(&model, recorded, case, &format!("{name}{suffix}"))?;
        }
    }
    Ok(wanted.len())
}

/// Prints the figures of one case.
fn evaluate_case(model: &LanguageModel, recorded: &Model, case: &Case, name: &str) -> Result<()> {
    let differences = differences(model, case)?;
    for difference in &differences {
        let near = if difference.is_near_tie() { ", a near tie" } else { "" };
        let Difference { step, ours, our_gap, theirs, their_gap } = difference;
        let is_exact =
            |exact: &ExactDifference| (&exact.case, exact.step, exact.id) == (&case.case, *step, *ours);
        let exact = if recorded.exact.iter().any(is_exact) { ", as exact arithmetic" } else { "" };
        eprintln!(
            "{name}: token {step}: llama.cpp {theirs}, {their_gap:.4} ahead; \
                 rushlight {ours}, {our_gap:.4} ahead{near}{exact}"
        );
    }
    let unexplained = differences.iter().filter(|difference| !difference.is_near_tie()).count();
    let share = |different: usize| 1.0 - different as f64 / case.ids.len() as f64;
    let own = recorded.unlike_itself.iter().filter(|difference| difference.case == case.case);
    let own_unexplained = own.clone().filter(|difference| !is_near_tie(difference.gaps)).count();
    Figure::new("agreement", name, share(differences.len())).against(ITSELF, share(own.count())).print();
    Figure::new("agreement_but_for_near_ties", name, share(unexplained))
        .against(ITSELF, share(own_unexplained))
        .print();
    Ok(())
}

/// A step at which our likeliest token is another one.
#[derive(Debug)]
struct Difference {
    step: usize,
    ours: u32,
    our_gap: f32,
    theirs: u32,
    their_gap: f32,
}

impl Difference {
    fn is_near_tie(&self) -> bool {
        is_near_tie([self.our_gap, self.their_gap])
    }
}

/// Whether one of the two saw two tokens that are as good as equal.
fn is_near_tie([left, right]: [f32; 2]) -> bool {
    left.min(right) < NEAR_TIE
}

fn differences(model: &LanguageModel, case: &Case) -> Result<Vec<Difference>> {
    let mut cache = model.new_cache();
    let mut next = case.prompt_ids.clone();
    let mut differences = Vec::new();
    for (step, (theirs, their_gap)) in case.ids.iter().zip(&case.gaps).enumerate() {
        let logits = model.forward(&mut [Step::new(&next, &mut cache)])?;
        let (ours, our_gap) = likeliest(&logits[0]);
        if ours != *theirs {
            differences.push(Difference { step, ours, our_gap, theirs: *theirs, their_gap: *their_gap });
        }
        next = vec![*theirs];
    }
    Ok(differences)
}

/// The token of the greatest logit, and how far that is above the second.
fn likeliest(logits: &[f32]) -> (u32, f32) {
    let mut order: Vec<usize> = (0..logits.len()).collect();
    order.select_nth_unstable_by(1, |left, right| logits[*right].total_cmp(&logits[*left]));
    (order[0] as u32, logits[order[0]] - logits[order[1]])
}
