use std::collections::BTreeMap;

use pyo3::prelude::*;

use crate::convert::{Json, json_of, not_picklable, repr};

/// How numbers are spread.
///
/// Percentiles have an error of at most 1 %, and are none where there are no numbers.
#[pyclass(frozen, eq, module = "rushlight")]
#[derive(Clone, PartialEq)]
pub(crate) struct Distribution {
    core: rushlight::Distribution,
}

#[pymethods]
impl Distribution {
    #[classattr]
    #[pyo3(name = "__match_args__")]
    const MATCH_ARGS: (&'static str, &'static str, &'static str, &'static str, &'static str) =
        ("samples", "mean", "p50", "p95", "p99");

    /// How many numbers there are.
    #[getter]
    fn samples(&self) -> u64 {
        self.core.samples
    }

    /// Their sum divided by how many there are.
    #[getter]
    fn mean(&self) -> Option<f64> {
        self.core.mean
    }

    /// Half of them are at most this.
    #[getter]
    fn p50(&self) -> Option<f64> {
        self.core.p50
    }

    /// 95 of a hundred are at most this.
    #[getter]
    fn p95(&self) -> Option<f64> {
        self.core.p95
    }

    /// 99 of a hundred are at most this.
    #[getter]
    fn p99(&self) -> Option<f64> {
        self.core.p99
    }

    fn __repr__(slf: &Bound<'_, Self>) -> PyResult<String> {
        repr(slf)
    }
}

/// How calls ended.
///
/// Each is a success, an error, a timeout or a refusal, so that the four counts add up to `calls`, and the four shares to 1;
/// shares are none if there were no calls.
#[pyclass(frozen, eq, module = "rushlight")]
#[derive(Clone, PartialEq)]
pub(crate) struct ToolReport {
    core: rushlight::ToolReport,
}

#[pymethods]
impl ToolReport {
    #[classattr]
    #[pyo3(name = "__match_args__")]
    const MATCH_ARGS: (&'static str, &'static str, &'static str, &'static str, &'static str, &'static str) =
        ("calls", "successes", "errors", "timeouts", "refusals", "cache_hits");

    /// All that are counted.
    #[getter]
    fn calls(&self) -> u64 {
        self.core.calls
    }

    /// Those that gave a value, from a cache too.
    #[getter]
    fn successes(&self) -> u64 {
        self.core.successes
    }

    /// Those in which the tool failed.
    #[getter]
    fn errors(&self) -> u64 {
        self.core.errors
    }

    /// Those that were stopped because they took too long.
    #[getter]
    fn timeouts(&self) -> u64 {
        self.core.timeouts
    }

    /// Those for which the tool did not run: for arguments, a scope, an approval, a rate, a breaker or a limit.
    #[getter]
    fn refusals(&self) -> u64 {
        self.core.refusals
    }

    /// Those whose value the tool's `cache` had; they are successes.
    #[getter]
    fn cache_hits(&self) -> u64 {
        self.core.cache_hits
    }

    /// The share of the successes, from 0 to 1.
    #[getter]
    fn success_rate(&self) -> Option<f64> {
        self.core.success_rate
    }

    /// The share of the errors.
    #[getter]
    fn error_rate(&self) -> Option<f64> {
        self.core.error_rate
    }

    /// The share of the timeouts.
    #[getter]
    fn timeout_rate(&self) -> Option<f64> {
        self.core.timeout_rate
    }

    /// The share of the refusals.
    #[getter]
    fn refusal_rate(&self) -> Option<f64> {
        self.core.refusal_rate
    }

    /// The share of the cache hits.
    #[getter]
    fn cache_hit_rate(&self) -> Option<f64> {
        self.core.cache_hit_rate
    }

    /// Seconds of the calls for which the tool ran, with what they waited for: all but refusals and cache hits.
    #[getter]
    fn latency(&self) -> Distribution {
        Distribution { core: self.core.latency }
    }

    fn __repr__(slf: &Bound<'_, Self>) -> PyResult<String> {
        repr(slf)
    }
}

/// How the tool calls of assistants ended.
#[pyclass(frozen, eq, module = "rushlight")]
#[derive(Clone, PartialEq)]
pub(crate) struct ToolMetricsReport {
    core: rushlight::ToolMetricsReport,
}

#[pymethods]
impl ToolMetricsReport {
    #[classattr]
    #[pyo3(name = "__match_args__")]
    const MATCH_ARGS: (&'static str, &'static str, &'static str) = ("tools", "total", "calls_per_run");

    /// Each tool by its name. `*` is what the model called that no tool is named, and each tool after the first 1 000.
    #[getter]
    fn tools(&self) -> BTreeMap<String, ToolReport> {
        let tools = self.core.tools.iter();
        tools.map(|(name, tool)| (name.clone(), ToolReport { core: tool.clone() })).collect()
    }

    /// All calls together: its shares are those of the tools, weighted by their calls.
    #[getter]
    fn total(&self) -> ToolReport {
        ToolReport { core: self.core.total.clone() }
    }

    /// The calls of each run that has ended, those without calls too; calls that are not counted are none.
    #[getter]
    fn calls_per_run(&self) -> Distribution {
        Distribution { core: self.core.calls_per_run }
    }

    /// The JSON form, the same in all languages.
    #[pyo3(signature = () -> "dict[str, Any]")]
    fn to_json(&self) -> PyResult<Json> {
        json_of(&self.core)
    }

    fn __repr__(slf: &Bound<'_, Self>) -> PyResult<String> {
        repr(slf)
    }
}

/// Counts how the tool calls of assistants end.
///
/// ```python
/// metrics = ToolMetrics()
/// assistant = Assistant(llm, tools=[search], tool_metrics=metrics)
/// assistant.run("Why?")
/// report = metrics.report()
/// print(report.tools["search"].success_rate, report.calls_per_run.mean)
/// ```
///
/// Several assistants may share one. Runs count when they end, also those that fail or are left. Not counted are a call whose
/// run is left meanwhile, a dry run, a call that waits for an approval, and a hand-off. It may be used from any thread.
#[pyclass(frozen, module = "rushlight")]
pub(crate) struct ToolMetrics {
    pub(crate) core: rushlight::ToolMetrics,
}

#[pymethods]
impl ToolMetrics {
    /// Nothing counted yet.
    #[new]
    fn new() -> Self {
        Self { core: rushlight::ToolMetrics::new() }
    }

    /// What was counted so far.
    fn report(&self) -> ToolMetricsReport {
        ToolMetricsReport { core: self.core.report() }
    }

    /// Forgets what was counted.
    fn reset(&self) {
        self.core.reset();
    }

    #[pyo3(signature = () -> "NoReturn")]
    fn __reduce__(slf: &Bound<'_, Self>) -> PyResult<Py<PyAny>> {
        not_picklable(slf)
    }
}
