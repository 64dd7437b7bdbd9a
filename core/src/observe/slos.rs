use std::collections::HashSet;
use std::sync::{Mutex, MutexGuard, PoisonError};

use super::histogram::Histogram;
use super::{Report, Slo, SloReport};
use crate::{Error, Result};

/// Absorbs what a percentile loses as a double, where a rank is a whole number.
const ROUNDING: f64 = 1e-9;

/// Objectives, and how the recorded runs keep them.
///
/// ```
/// use rushlight::{AgentExt, Assistant, Metric, ScriptedLlm, ScriptedTurn, Slo, Slos};
///
/// # #[tokio::main] async fn main() -> rushlight::Result<()> {
/// let slos = Slos::new([Slo::new("a quick start", Metric::FirstToken, 95.0, 0.5)])?;
/// let assistant = Assistant::builder(ScriptedLlm::new(vec![ScriptedTurn::text("Hello.")])).build()?;
///
/// let answer = assistant.ask("Who is there?").await?;
/// slos.record(&answer.report);
///
/// for report in slos.reports() {
///     println!("{}: {} (burn rate {})", report.slo.name, report.attained, report.burn_rate);
/// }
/// # Ok(()) }
/// ```
///
/// Takes about 25 KB for each objective, however many runs are recorded. Answers from a cache count as any other. A run
/// that fails has no report and is not counted: watch failures beside it. To alert on burn rates over several windows,
/// as the workbook advises, keep one `Slos` for each and [`reset`](Self::reset) it when its window ends.
#[derive(Debug)]
pub struct Slos {
    tallies: Mutex<Vec<Tally>>,
}

#[derive(Debug)]
struct Tally {
    slo: Slo,
    values: Histogram,
    violations: u64,
}

impl Slos {
    /// Nothing recorded yet; or the first objective that has no name, another's name, or a number out of its range.
    pub fn new(slos: impl IntoIterator<Item = Slo>) -> Result<Self> {
        let mut names = HashSet::new();
        let mut tallies = Vec::new();
        for slo in slos {
            check(&slo)?;
            if !names.insert(slo.name.clone()) {
                let message = format!("expected different names, got `{}` twice", slo.name);
                return Err(Error::invalid("slos", message));
            }
            tallies.push(Tally::new(slo));
        }
        Ok(Self { tallies: Mutex::new(tallies) })
    }

    /// Counts one run. Never waits for more than another thread's call.
    pub fn record(&self, report: &Report) {
        self.held().iter_mut().for_each(|tally| tally.record(report));
    }

    /// How each objective was kept so far, in the order in which they were given.
    pub fn reports(&self) -> Vec<SloReport> {
        self.held().iter().map(Tally::report).collect()
    }

    /// Forgets what was recorded.
    pub fn reset(&self) {
        self.held().iter_mut().for_each(|tally| *tally = Tally::new(tally.slo.clone()));
    }

    fn held(&self) -> MutexGuard<'_, Vec<Tally>> {
        self.tallies.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn check(slo: &Slo) -> Result<()> {
    let Slo { name, percentile, bound, .. } = slo;
    if name.trim().is_empty() {
        return Err(Error::invalid("slo", "expected a name, got none"));
    }
    if !(1.0..100.0).contains(percentile) {
        let message = format!("expected at least 1 and less than 100, for example 95, got {percentile}");
        return Err(Error::invalid(format!("percentile of slo `{name}`"), message));
    }
    if !bound.is_finite() || *bound <= 0.0 {
        let message = format!("expected a number above 0, got {bound}");
        return Err(Error::invalid(format!("bound of slo `{name}`"), message));
    }
    Ok(())
}

impl Tally {
    fn new(slo: Slo) -> Self {
        Self { slo, values: Histogram::default(), violations: 0 }
    }

    fn record(&mut self, report: &Report) {
        let Some(value) = self.slo.metric.of(report) else { return };
        self.values.record(value);
        let is_violation =
            if self.slo.metric.is_rate() { value < self.slo.bound } else { value > self.slo.bound };
        self.violations += u64::from(is_violation);
    }

    /// How many of the numbers are `percentile` per cent of them, rounded up.
    fn share(&self, percentile: f64) -> u64 {
        (self.values.count() as f64 * percentile / 100.0 - ROUNDING).ceil() as u64
    }

    /// The best bound that so many per cent of the numbers keep.
    fn kept_by(&self, percentile: f64) -> Option<f64> {
        let (count, share) = (self.values.count(), self.share(percentile));
        self.values.at_rank(if self.slo.metric.is_rate() { count + 1 - share } else { share })
    }

    fn report(&self) -> SloReport {
        let (samples, violations, percentile) = (self.values.count(), self.violations, self.slo.percentile);
        let allowed = samples as f64 * (100.0 - percentile);
        SloReport {
            slo: self.slo.clone(),
            attained: samples - violations >= self.share(percentile),
            samples,
            violations,
            burn_rate: if samples == 0 { 0.0 } else { violations as f64 * 100.0 / allowed },
            observed: self.kept_by(percentile),
            p50: self.kept_by(50.0),
            p95: self.kept_by(95.0),
            p99: self.kept_by(99.0),
        }
    }
}
