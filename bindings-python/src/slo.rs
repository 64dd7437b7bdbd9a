use pyo3::prelude::*;

use crate::answer::Report;
use crate::convert::{Json, from_name, json_of, name_of, not_picklable, repr};
use crate::error::raised;
use crate::options::given_or_made;

/// A service level objective: how many of a hundred runs keep a bound, and which.
#[pyclass(frozen, eq, module = "rushlight")]
#[derive(Clone, PartialEq)]
pub(crate) struct Slo {
    core: rushlight::Slo,
}

#[pymethods]
impl Slo {
    #[classattr]
    #[pyo3(name = "__match_args__")]
    const MATCH_ARGS: (&'static str, &'static str, &'static str, &'static str) =
        ("name", "metric", "percentile", "bound");

    /// An objective from its parts.
    ///
    /// Args:
    ///     name: by which reports tell it from the others
    ///     metric: `first_token`, `total_without_tools`, `total_with_tools` and `overhead` (for each generation) are
    ///         in seconds; of `tokens_per_second`, more is better
    ///     percentile: how many of a hundred runs must keep the bound: at least 1 and less than 100
    ///     bound: the most seconds, or the fewest tokens in a second, that keep it; more than 0
    #[new]
    #[pyo3(signature = (name, metric: "Literal['first_token', 'total_without_tools', 'total_with_tools', 'tokens_per_second', 'overhead']", percentile, bound))]
    fn new(name: String, metric: &str, percentile: f64, bound: f64) -> PyResult<Self> {
        let metric = from_name("metric", metric)?;
        Ok(Self { core: rushlight::Slo::new(name, metric, percentile, bound) })
    }

    /// By which reports tell it from the others.
    #[getter]
    fn name(&self) -> &str {
        &self.core.name
    }

    /// What it is about.
    #[getter]
    fn metric(&self) -> PyResult<String> {
        name_of(&self.core.metric)
    }

    /// How many of a hundred runs must keep the bound.
    #[getter]
    fn percentile(&self) -> f64 {
        self.core.percentile
    }

    /// The most seconds, or the fewest tokens in a second, that keep it.
    #[getter]
    fn bound(&self) -> f64 {
        self.core.bound
    }

    fn __repr__(slf: &Bound<'_, Self>) -> PyResult<String> {
        repr(slf)
    }
}

/// Whether an objective was kept.
///
/// Percentiles have an error of at most 1 %. Each is the best bound that this share of the runs keeps: of tokens per
/// second, 95 % of the runs are at `p95` or above.
#[pyclass(frozen, eq, module = "rushlight")]
#[derive(Clone, PartialEq)]
pub(crate) struct SloReport {
    core: rushlight::SloReport,
}

#[pymethods]
impl SloReport {
    #[classattr]
    #[pyo3(name = "__match_args__")]
    const MATCH_ARGS: (&'static str, &'static str, &'static str, &'static str, &'static str) =
        ("slo", "attained", "samples", "observed", "burn_rate");

    /// The objective.
    #[getter]
    fn slo(&self) -> Slo {
        Slo { core: self.core.slo.clone() }
    }

    /// Whether enough runs kept the bound; true if nothing was recorded.
    #[getter]
    fn attained(&self) -> bool {
        self.core.attained
    }

    /// The runs that gave a number.
    #[getter]
    fn samples(&self) -> u64 {
        self.core.samples
    }

    /// Of these, the runs that broke the bound.
    #[getter]
    fn violations(&self) -> u64 {
        self.core.violations
    }

    /// How fast the allowed violations are used up: their share of the runs, divided by the share that the percentile
    /// allows. At 1 exactly all of them are used.
    #[getter]
    fn burn_rate(&self) -> f64 {
        self.core.burn_rate
    }

    /// The objective's own percentile; none if nothing was recorded.
    #[getter]
    fn observed(&self) -> Option<f64> {
        self.core.observed
    }

    /// What half of the runs keep.
    #[getter]
    fn p50(&self) -> Option<f64> {
        self.core.p50
    }

    /// What 95 of a hundred runs keep.
    #[getter]
    fn p95(&self) -> Option<f64> {
        self.core.p95
    }

    /// What 99 of a hundred runs keep.
    #[getter]
    fn p99(&self) -> Option<f64> {
        self.core.p99
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

/// Objectives, and how the recorded runs keep them.
///
/// ```python
/// slos = Slos([Slo("a quick start", "first_token", percentile=95, bound=0.5)])
/// slos.record(assistant.run("Why?").report)
/// for report in slos.reports():
///     print(report.slo.name, report.attained, report.burn_rate)
/// ```
///
/// A run that fails has no report and is not counted. It may be used from any thread.
#[pyclass(frozen, module = "rushlight")]
pub(crate) struct Slos {
    core: rushlight::Slos,
}

#[pymethods]
impl Slos {
    /// Nothing recorded yet.
    ///
    /// Args:
    ///     slos: the objectives, each an `Slo` or a dict of its fields; their names differ
    #[new]
    #[pyo3(signature = (slos: "Sequence[Slo | Mapping[str, Any]]"))]
    fn new(slos: Vec<Bound<'_, PyAny>>) -> PyResult<Self> {
        let slos: PyResult<Vec<rushlight::Slo>> =
            slos.iter().map(|slo| Ok(given_or_made::<Slo>(slo)?.get().core.clone())).collect();
        Ok(Self { core: rushlight::Slos::new(slos?).map_err(raised)? })
    }

    /// Counts one run.
    fn record(&self, report: PyRef<'_, Report>) {
        self.core.record(&report.core);
    }

    /// How each objective was kept so far, in the order in which they were given.
    fn reports(&self) -> Vec<SloReport> {
        self.core.reports().into_iter().map(|core| SloReport { core }).collect()
    }

    /// Forgets what was recorded.
    fn reset(&self) {
        self.core.reset();
    }

    #[pyo3(signature = () -> "NoReturn")]
    fn __reduce__(slf: &Bound<'_, Self>) -> PyResult<Py<PyAny>> {
        not_picklable(slf)
    }
}
