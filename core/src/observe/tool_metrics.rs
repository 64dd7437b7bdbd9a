use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use super::histogram::Histogram;
use super::{Distribution, ToolMetricsReport, ToolReport};
use crate::message::{ToolOutput, ToolStatus};

/// Tools that are counted by themselves.
const MAX_TOOLS: usize = 1_000;
/// All others. No tool can have this name.
const OTHERS: &str = "*";

/// How the tool calls of assistants end: counts, shares, times and cache hits of each tool, and calls of each run.
///
/// ```
/// use rushlight::tools::builtin;
/// use rushlight::{AgentExt, Assistant, ScriptedLlm, ScriptedTurn, ToolMetrics, Toolbox};
/// use serde_json::json;
///
/// # #[tokio::main] async fn main() -> rushlight::Result<()> {
/// # let call = ScriptedTurn::call("calculate", json!({"expression": "2 + 2"}));
/// # let llm = ScriptedLlm::new(vec![call, ScriptedTurn::text("Four.")]);
/// let metrics = ToolMetrics::new();
/// let tools = Toolbox::new().add(builtin::calculate())?;
/// let assistant = Assistant::builder(llm).tools(tools).tool_metrics(metrics.clone()).build()?;
///
/// assistant.ask("What is 2 + 2?").await?;
///
/// let report = metrics.report();
/// assert_eq!(report.tools["calculate"].success_rate, Some(1.0));
/// assert_eq!(report.calls_per_run.mean, Some(1.0));
/// # Ok(()) }
/// ```
///
/// Copies of the handle count together, so that several assistants may share one; each run of each of them is a run, also
/// one that another agent's tool or hand-off began, and one that goes on after an approval. Runs count when they end: also those
/// that fail, are dropped, or answer from a cache. Calls count when they end. Not counted are a call whose run is dropped
/// meanwhile, a dry run, a call that waits for an approval, and a hand-off.
///
/// `latency` is what OpenTelemetry's conventions call `gen_ai.execute_tool.duration`. Takes about 25 KB for each tool, however
/// many calls and runs there are.
#[derive(Debug, Clone, Default)]
#[must_use]
pub struct ToolMetrics {
    counts: Arc<Mutex<Counts>>,
}

#[derive(Debug, Default)]
struct Counts {
    tools: BTreeMap<String, Tally>,
    total: Tally,
    calls_per_run: Histogram,
}

#[derive(Debug, Default)]
struct Tally {
    successes: u64,
    errors: u64,
    timeouts: u64,
    refusals: u64,
    cache_hits: u64,
    latency: Histogram,
}

impl ToolMetrics {
    /// Nothing counted yet.
    pub fn new() -> Self {
        Self::default()
    }

    /// What was counted so far.
    pub fn report(&self) -> ToolMetricsReport {
        let counts = self.held();
        ToolMetricsReport {
            tools: counts.tools.iter().map(|(name, tally)| (name.clone(), tally.report())).collect(),
            total: counts.total.report(),
            calls_per_run: Distribution::of_whole(&counts.calls_per_run),
        }
    }

    /// Forgets what was counted.
    pub fn reset(&self) {
        *self.held() = Counts::default();
    }

    /// Starts to count a run.
    pub(crate) fn begin_run(&self) -> RunCalls {
        RunCalls { metrics: self.clone(), calls: 0 }
    }

    fn held(&self) -> MutexGuard<'_, Counts> {
        self.counts.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The tool calls of one run, which is counted when this is dropped: however it ends.
#[derive(Debug)]
pub(crate) struct RunCalls {
    metrics: ToolMetrics,
    calls: u32,
}

impl RunCalls {
    /// Counts calls that have ended, the last of them after `elapsed`: so long took those that were stopped then, which do not
    /// tell how long they ran.
    pub(crate) fn record(&mut self, outputs: &[ToolOutput], elapsed: Duration) {
        let mut counts = self.metrics.held();
        for output in outputs.iter().filter(|output| is_made(output.status)) {
            self.calls += 1;
            let is_stopped = output.status == ToolStatus::Timeout && output.elapsed.is_zero();
            let seconds = if is_stopped { elapsed } else { output.elapsed }.as_secs_f64();
            counts.total.record(output, seconds);
            counts.tally_of(output).record(output, seconds);
        }
    }
}

/// Whether the tool was meant to run, and to do so now.
fn is_made(status: ToolStatus) -> bool {
    !matches!(status, ToolStatus::DryRun | ToolStatus::Pending)
}

impl Drop for RunCalls {
    fn drop(&mut self) {
        self.metrics.held().calls_per_run.record(f64::from(self.calls));
    }
}

impl Counts {
    fn tally_of(&mut self, output: &ToolOutput) -> &mut Tally {
        let is_known = self.tools.contains_key(&output.name);
        let is_tool = output.status != ToolStatus::UnknownTool;
        let name = if is_tool && (is_known || self.tools.len() < MAX_TOOLS) { &output.name } else { OTHERS };
        self.tools.entry(name.to_owned()).or_default()
    }
}

impl Tally {
    fn record(&mut self, output: &ToolOutput, seconds: f64) {
        let ended = match output.status {
            ToolStatus::Success => &mut self.successes,
            ToolStatus::Error => &mut self.errors,
            ToolStatus::Timeout => &mut self.timeouts,
            ToolStatus::UnknownTool
            | ToolStatus::InvalidArguments
            | ToolStatus::Refused
            | ToolStatus::Denied
            | ToolStatus::RateLimited
            | ToolStatus::Unavailable => &mut self.refusals,
            ToolStatus::DryRun | ToolStatus::Pending => return,
        };
        *ended += 1;
        self.cache_hits += u64::from(output.cached);
        let has_run = matches!(output.status, ToolStatus::Success | ToolStatus::Error | ToolStatus::Timeout);
        if has_run && !output.cached {
            self.latency.record(seconds);
        }
    }

    fn report(&self) -> ToolReport {
        let &Self { successes, errors, timeouts, refusals, cache_hits, .. } = self;
        let calls = successes + errors + timeouts + refusals;
        let share = |count: u64| (calls > 0).then(|| count as f64 / calls as f64);
        ToolReport {
            calls,
            successes,
            errors,
            timeouts,
            refusals,
            cache_hits,
            success_rate: share(successes),
            error_rate: share(errors),
            timeout_rate: share(timeouts),
            refusal_rate: share(refusals),
            cache_hit_rate: share(cache_hits),
            latency: Distribution::of(&self.latency),
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::message::ToolCall;

    #[test]
    fn however_many_names_there_are_memory_is_bounded() {
        let metrics = ToolMetrics::new();
        let output = |number| {
            let call = ToolCall::new("1", format!("tool_{number}"), json!({}));
            ToolOutput::new(&call, ToolStatus::Success, "")
        };
        let outputs: Vec<ToolOutput> = (0..MAX_TOOLS + 10).map(output).collect();
        metrics.begin_run().record(&outputs, Duration::ZERO);

        let report = metrics.report();

        assert_eq!(report.tools.len(), MAX_TOOLS + 1);
        assert_eq!(report.tools[OTHERS].calls, 10);
        assert_eq!(report.total.calls, MAX_TOOLS as u64 + 10);
    }
}
