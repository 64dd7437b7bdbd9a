use serde::{Deserialize, Serialize};

use super::Report;

/// What an objective is about; each run gives one number or none.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Metric {
    /// Seconds from the start to the first text, of runs that gave text.
    FirstToken,
    /// Seconds from the start to the end, of runs that called no tool.
    TotalWithoutTools,
    /// Seconds from the start to the end, of runs that called tools.
    TotalWithTools,
    /// Tokens in a second of decoding, of runs that generated text; the more, the better.
    TokensPerSecond,
    /// Seconds of [`Report::overhead`] for each generation, of runs that generated.
    Overhead,
}

impl Metric {
    /// The number that a run gives.
    pub(super) fn of(self, report: &Report) -> Option<f64> {
        let total = Some(report.total.as_secs_f64());
        let value = match self {
            Self::FirstToken => report.first_token.map(|time| time.as_secs_f64()),
            Self::TotalWithoutTools => total.filter(|_| report.tool_calls == 0),
            Self::TotalWithTools => total.filter(|_| report.tool_calls > 0),
            Self::TokensPerSecond => report.tokens_per_second,
            Self::Overhead => {
                (report.turns > 0).then(|| report.overhead().as_secs_f64() / report.turns as f64)
            }
        };
        value.filter(|value| value.is_finite() && *value >= 0.0)
    }

    /// Whether more is better.
    pub(super) fn is_rate(self) -> bool {
        self == Self::TokensPerSecond
    }
}

/// A service level objective: how many of a hundred runs keep a bound, and which.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[non_exhaustive]
pub struct Slo {
    /// By which reports tell it from the others.
    pub name: String,
    /// What it is about.
    pub metric: Metric,
    /// How many of a hundred runs must keep the bound: at least 1 and less than 100, for example 95 or 99.9.
    pub percentile: f64,
    /// The most seconds, or the fewest tokens in a second, that keep it; more than 0.
    pub bound: f64,
}

impl Slo {
    /// An objective from its parts; [`Slos::new`](super::Slos::new) checks them.
    pub fn new(name: impl Into<String>, metric: Metric, percentile: f64, bound: f64) -> Self {
        Self { name: name.into(), metric, percentile, bound }
    }
}

/// Whether an objective was kept.
///
/// Percentiles are nearest ranks with an error of at most 1 %: the best bound that this share of the runs keeps. For
/// tokens per second, where more is better, 95 % of the runs are therefore at `p95` or above.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct SloReport {
    /// The objective.
    pub slo: Slo,
    /// Whether enough runs kept the bound; counted exactly. True if nothing was recorded.
    pub attained: bool,
    /// The runs that gave a number.
    pub samples: u64,
    /// Of these, the runs that broke the bound.
    pub violations: u64,
    /// How fast the allowed violations are used up: their share of the runs, divided by the share that the percentile
    /// allows. At 1 exactly all of them are used, at 10 ten times as many (Google, The Site Reliability Workbook,
    /// chapter 5). 0 if nothing was recorded.
    pub burn_rate: f64,
    /// The objective's own percentile; none if nothing was recorded.
    pub observed: Option<f64>,
    /// What half of the runs keep.
    pub p50: Option<f64>,
    /// What 95 of a hundred runs keep.
    pub p95: Option<f64>,
    /// What 99 of a hundred runs keep.
    pub p99: Option<f64>,
}
