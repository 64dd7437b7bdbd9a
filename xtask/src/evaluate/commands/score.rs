use std::time::Duration;

use super::case::Case;
use super::check::mistake;
use super::command::Command;
use super::help::Help;

/// What the plans of one side come to.
#[derive(Debug, Default)]
pub(super) struct Score {
    cases: usize,
    invalid: usize,
    refused: usize,
    right: usize,
    right_verb: usize,
    right_resource: usize,
    time: Duration,
}

impl Score {
    /// Counts a plan; none is a plan that the model did not make.
    pub(super) fn add(&mut self, case: &Case, plan: Option<&str>, help: &Help, took: Duration) {
        self.cases += 1;
        self.time += took;
        let mistake = plan.map_or(Some("no command".to_owned()), |line| mistake(line, help));
        if let Some(mistake) = mistake {
            self.invalid += 1;
            eprintln!("{}: invalid: {mistake}: {}", case.id, plan.unwrap_or_default());
        }
        if let Some(plan) = plan.and_then(|line| Command::parse(line, help).ok()) {
            self.right += usize::from(case.expected.is_met_by(&plan));
            self.right_verb += usize::from(case.expected.path == plan.path);
            self.right_resource += usize::from(case.expected.resource() == plan.resource());
        }
    }

    /// Counts a request that is refused, because no card leads to a command that is allowed.
    pub(super) fn refuse(&mut self) {
        self.cases += 1;
        self.refused += 1;
    }

    /// The figures by name: the number of invalid commands, shares, and seconds.
    pub(super) fn figures(&self) -> [(&'static str, f64); 6] {
        let share = |count: usize| count as f64 / self.cases.max(1) as f64;
        [
            ("invalid_commands", self.invalid as f64),
            ("right", share(self.right)),
            ("right_verb", share(self.right_verb)),
            ("right_resource", share(self.right_resource)),
            ("refused", share(self.refused)),
            ("seconds", self.time.as_secs_f64() / (self.cases - self.refused).max(1) as f64),
        ]
    }
}
