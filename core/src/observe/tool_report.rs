use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::histogram::Histogram;

/// How the tool calls of assistants ended; what a [`ToolMetrics`](super::ToolMetrics) counted.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct ToolMetricsReport {
    /// Each tool by its name. `*` is what the model called that no tool is named, and each tool after the first 1 000.
    pub tools: BTreeMap<String, ToolReport>,
    /// All calls together: its shares are those of the tools, weighted by their calls.
    pub total: ToolReport,
    /// The calls of each run that has ended, those without calls too; calls that are not counted are none.
    pub calls_per_run: Distribution,
}

/// How calls ended.
///
/// Each is a success, an error, a timeout or a refusal, so that the four counts add up to `calls`, and the four shares to 1.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct ToolReport {
    /// All that are counted.
    pub calls: u64,
    /// Those that gave a value, from a cache too.
    pub successes: u64,
    /// Those in which the tool failed.
    pub errors: u64,
    /// Those that were stopped because they took too long.
    pub timeouts: u64,
    /// Those for which the tool did not run: for arguments, a scope, an approval, a rate, a breaker or a limit.
    pub refusals: u64,
    /// Those whose value the [cache](crate::ToolOutput::cached) of the tool had; they are successes.
    pub cache_hits: u64,
    /// The share of the successes, from 0 to 1; as all shares, none if there were no calls.
    pub success_rate: Option<f64>,
    /// The share of the errors.
    pub error_rate: Option<f64>,
    /// The share of the timeouts.
    pub timeout_rate: Option<f64>,
    /// The share of the refusals.
    pub refusal_rate: Option<f64>,
    /// The share of the cache hits.
    pub cache_hit_rate: Option<f64>,
    /// Seconds of the calls for which the tool ran, with what they waited for: all but refusals and cache hits.
    pub latency: Distribution,
}

/// How numbers are spread. Percentiles are nearest ranks with an error of at most 1 %, and none where there are no numbers.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Distribution {
    /// How many numbers there are.
    pub samples: u64,
    /// Their sum divided by how many there are.
    pub mean: Option<f64>,
    /// Half of them are at most this.
    pub p50: Option<f64>,
    /// 95 of a hundred are at most this.
    pub p95: Option<f64>,
    /// 99 of a hundred are at most this.
    pub p99: Option<f64>,
}

impl Distribution {
    pub(super) fn of(histogram: &Histogram) -> Self {
        let samples = histogram.count();
        let percentile = |percent: u64| histogram.at_rank((samples * percent).div_ceil(100));
        Self {
            samples,
            mean: histogram.mean(),
            p50: percentile(50),
            p95: percentile(95),
            p99: percentile(99),
        }
    }

    /// The same of whole numbers: what is given for one is above it by less than 1, so that those up to 64 are exact.
    pub(super) fn of_whole(histogram: &Histogram) -> Self {
        let all = Self::of(histogram);
        let [p50, p95, p99] = [all.p50, all.p95, all.p99].map(|percentile| percentile.map(f64::floor));
        Self { p50, p95, p99, ..all }
    }
}
