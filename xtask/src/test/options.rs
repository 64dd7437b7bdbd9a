use std::time::{Duration, Instant};

use clap::Args;

use super::place::Place;
use super::step::{STEPS, Step};
use crate::failure::{Failure, Result};

/// Sets up what it needs and checks everything; all steps run even if one fails.
#[derive(Debug, Args)]
pub(crate) struct Options {
    /// Only this step and those that it needs; may be given several times.
    #[arg(long, value_name = "STEP")]
    only: Vec<String>,
    /// Lists the steps instead of running them.
    #[arg(long)]
    list: bool,
}

/// One line of the final table.
#[derive(Debug)]
struct Outcome {
    step: &'static str,
    result: Result<()>,
    elapsed: Duration,
}

/// Runs the steps; fails when one of them does.
pub(crate) fn run(options: &Options) -> Result<()> {
    if options.list {
        for step in STEPS {
            println!("{:<16} {}", step.name, step.about);
        }
        return Ok(());
    }
    let chosen = chosen(&options.only)?;
    let place = Place::new()?;
    let mut outcomes = Vec::with_capacity(chosen.len());
    for (position, step) in chosen.iter().enumerate() {
        eprintln!("\n==> {}/{} {}: {}", position + 1, chosen.len(), step.name, step.about);
        let start = Instant::now();
        let result = broken_need(step, &outcomes).map_or_else(|| (step.run)(&place), Err);
        let outcome = Outcome { step: step.name, result, elapsed: start.elapsed() };
        eprintln!("==> {}", outcome.line());
        outcomes.push(outcome);
    }
    report(&outcomes)
}

/// The steps to run in the order of the list, each after all that it needs.
fn chosen(only: &[String]) -> Result<Vec<&'static Step>> {
    if only.is_empty() {
        return Ok(STEPS.iter().collect());
    }
    let mut names: Vec<&str> = Vec::new();
    let mut open: Vec<&str> = only.iter().map(String::as_str).collect();
    while let Some(name) = open.pop() {
        let Some(step) = STEPS.iter().find(|step| step.name == name) else {
            let known: Vec<_> = STEPS.iter().map(|step| step.name).collect();
            return Err(Failure::new(format!(
                "unknown step `{name}`, expected one of: {}",
                known.join(", ")
            )));
        };
        names.push(name);
        open.extend(step.needs);
    }
    Ok(STEPS.iter().filter(|step| names.contains(&step.name)).collect())
}

fn broken_need(step: &Step, outcomes: &[Outcome]) -> Option<Failure> {
    let broken =
        outcomes.iter().find(|outcome| outcome.result.is_err() && step.needs.contains(&outcome.step))?;
    Some(Failure::new(format!("it needs `{}`, which failed", broken.step)))
}

fn report(outcomes: &[Outcome]) -> Result<()> {
    let failed = outcomes.iter().filter(|outcome| outcome.result.is_err()).count();
    println!();
    for outcome in outcomes {
        println!("{}", outcome.line());
    }
    println!("{} passed, {failed} failed", outcomes.len() - failed);
    if failed == 0 { Ok(()) } else { Err(Failure::new("not every step passed")) }
}

impl Outcome {
    fn line(&self) -> String {
        let seconds = self.elapsed.as_secs_f64();
        match &self.result {
            Ok(()) => format!("passed {seconds:>7.1} s  {}", self.step),
            Err(failure) => format!("FAILED {seconds:>7.1} s  {}: {failure}", self.step),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_need_is_a_step_that_comes_earlier() {
        for (position, step) in STEPS.iter().enumerate() {
            for need in step.needs {
                assert!(STEPS[..position].iter().any(|earlier| earlier.name == *need), "{need}");
            }
        }
    }

    #[test]
    fn a_step_brings_those_that_it_needs() {
        let names: Vec<_> = chosen(&["pytest".to_owned()]).unwrap().iter().map(|step| step.name).collect();

        assert_eq!(names, ["models", "mcp", "wheel", "pytest"]);
    }

    #[test]
    fn an_unknown_step_lists_the_known_ones() {
        let failure = chosen(&["pytests".to_owned()]).unwrap_err().to_string();

        assert!(
            failure.starts_with("unknown step `pytests`, expected one of: models, postgres, mcp, fmt"),
            "{failure}"
        );
    }
}
