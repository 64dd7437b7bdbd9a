//! The options that are plain data; each accepts a dict of its fields too.

use pyo3::PyClass;
use pyo3::prelude::*;
use pyo3::types::PyDict;

use crate::convert::{Json, duration, from_value, json_of, repr};
use crate::error::raised;

/// How the next token is chosen from the model's probabilities.
#[pyclass(frozen, eq, module = "rushlight")]
#[derive(Clone, PartialEq)]
pub(crate) struct Sampling {
    core: rushlight::Sampling,
}

#[pymethods]
impl Sampling {
    #[classattr]
    #[pyo3(name = "__match_args__")]
    const MATCH_ARGS: (&'static str, &'static str, &'static str, &'static str, &'static str, &'static str) =
        ("temperature", "top_k", "top_p", "min_p", "repetition_penalty", "seed");

    /// Sampling with these values, and the defaults for the others.
    ///
    /// Args:
    ///     temperature: 0 always takes the likeliest token, higher is more varied; from 0 to 2, default 0.3
    ///     top_k: keeps only the k likeliest tokens; 0 keeps all; default 40
    ///     top_p: keeps the likeliest tokens whose probabilities sum to this; above 0 up to 1, default 0.95
    ///     min_p: drops tokens less likely than this share of the likeliest one; from 0 to 1, default 0.05
    ///     repetition_penalty: makes recent tokens less likely; from 1 (off, the default) to 2
    ///     seed: the same seed repeats an answer; drawn anew each time by default
    #[new]
    #[pyo3(signature = (*, temperature = None, top_k = None, top_p = None, min_p = None, repetition_penalty = None, seed = None))]
    fn new(
        temperature: Option<f32>,
        top_k: Option<usize>,
        top_p: Option<f32>,
        min_p: Option<f32>,
        repetition_penalty: Option<f32>,
        seed: Option<u64>,
    ) -> PyResult<Self> {
        let mut core = rushlight::Sampling::default();
        core.temperature = temperature.unwrap_or(core.temperature);
        core.top_k = top_k.unwrap_or(core.top_k);
        core.top_p = top_p.unwrap_or(core.top_p);
        core.min_p = min_p.unwrap_or(core.min_p);
        core.repetition_penalty = repetition_penalty.unwrap_or(core.repetition_penalty);
        core.seed = seed;
        core.validate().map_err(raised)?;
        Ok(Self { core })
    }

    /// Always the likeliest token.
    #[staticmethod]
    fn greedy() -> Self {
        Self { core: rushlight::Sampling::greedy() }
    }

    /// 0 always takes the likeliest token; higher is more varied.
    #[getter]
    fn temperature(&self) -> f32 {
        self.core.temperature
    }

    /// Keeps only the k likeliest tokens; 0 keeps all.
    #[getter]
    fn top_k(&self) -> usize {
        self.core.top_k
    }

    /// Keeps the likeliest tokens whose probabilities sum to this.
    #[getter]
    fn top_p(&self) -> f32 {
        self.core.top_p
    }

    /// Drops tokens less likely than this share of the likeliest one.
    #[getter]
    fn min_p(&self) -> f32 {
        self.core.min_p
    }

    /// Makes recent tokens less likely; 1 is off.
    #[getter]
    fn repetition_penalty(&self) -> f32 {
        self.core.repetition_penalty
    }

    /// Seed of the random choice; none if it is drawn anew each time.
    #[getter]
    fn seed(&self) -> Option<u64> {
        self.core.seed
    }

    fn __repr__(slf: &Bound<'_, Self>) -> PyResult<String> {
        repr(slf)
    }
}

/// What one run may spend.
///
/// When a limit is reached the model gives its last answer without tools; at the deadline the run ends with
/// `TimeoutError`.
#[pyclass(frozen, eq, module = "rushlight")]
#[derive(Clone, PartialEq)]
pub(crate) struct Limits {
    core: rushlight::Limits,
}

#[pymethods]
impl Limits {
    #[classattr]
    #[pyo3(name = "__match_args__")]
    const MATCH_ARGS: (&'static str, &'static str, &'static str, &'static str, &'static str, &'static str) = (
        "max_turns",
        "max_tool_calls",
        "max_output_tokens",
        "max_context_tokens",
        "max_passages",
        "deadline",
    );

    /// Limits with these values, and the defaults for the others.
    ///
    /// Args:
    ///     max_turns: generations; default 8
    ///     max_tool_calls: tool calls that are run; default 16
    ///     max_output_tokens: tokens of one generation; default 4096
    ///     max_context_tokens: tokens of retrieved passages in the prompt; default 1200
    ///     max_passages: passages that are retrieved; default 4
    ///     deadline: seconds of the whole run; default 600
    ///     max_tokens: tokens of all generations together, their prompts included; any number by default
    ///     max_cost: what these tokens may cost by the prices; any amount by default
    ///     prices: what a million tokens cost: `input`, `output` and, if it is another, `cached_input`; unknown by default
    #[new]
    #[pyo3(signature = (*, max_turns = None, max_tool_calls = None, max_output_tokens = None, max_context_tokens = None, max_passages = None, deadline = None, max_tokens = None, max_cost = None, prices: "Mapping[str, float] | None" = None))]
    #[expect(clippy::too_many_arguments, reason = "each is a keyword")]
    fn new(
        max_turns: Option<usize>,
        max_tool_calls: Option<usize>,
        max_output_tokens: Option<usize>,
        max_context_tokens: Option<usize>,
        max_passages: Option<usize>,
        deadline: Option<f64>,
        max_tokens: Option<usize>,
        max_cost: Option<f64>,
        prices: Option<Json>,
    ) -> PyResult<Self> {
        let mut core = rushlight::Limits::default();
        core.max_tokens = max_tokens;
        core.max_cost = max_cost;
        core.prices = prices.map(|Json(prices)| from_value("prices", prices)).transpose()?;
        core.max_turns = max_turns.unwrap_or(core.max_turns);
        core.max_tool_calls = max_tool_calls.unwrap_or(core.max_tool_calls);
        core.max_output_tokens = max_output_tokens.unwrap_or(core.max_output_tokens);
        core.max_context_tokens = max_context_tokens.unwrap_or(core.max_context_tokens);
        core.max_passages = max_passages.unwrap_or(core.max_passages);
        if let Some(seconds) = deadline {
            core.deadline = duration("deadline", seconds)?;
        }
        Ok(Self { core })
    }

    /// Generations.
    #[getter]
    fn max_turns(&self) -> usize {
        self.core.max_turns
    }

    /// Tool calls that are run.
    #[getter]
    fn max_tool_calls(&self) -> usize {
        self.core.max_tool_calls
    }

    /// Tokens of one generation.
    #[getter]
    fn max_output_tokens(&self) -> usize {
        self.core.max_output_tokens
    }

    /// Tokens of retrieved passages in the prompt, counted by the model.
    #[getter]
    fn max_context_tokens(&self) -> usize {
        self.core.max_context_tokens
    }

    /// Passages that are retrieved.
    #[getter]
    fn max_passages(&self) -> usize {
        self.core.max_passages
    }

    /// Seconds of the whole run.
    #[getter]
    fn deadline(&self) -> f64 {
        self.core.deadline.as_secs_f64()
    }

    /// Tokens of all generations together, their prompts included; none for any number.
    #[getter]
    fn max_tokens(&self) -> Option<usize> {
        self.core.max_tokens
    }

    /// What these tokens may cost by the prices; none for any amount.
    #[getter]
    fn max_cost(&self) -> Option<f64> {
        self.core.max_cost
    }

    /// What a million tokens cost; none if that is unknown.
    #[getter]
    fn prices(&self) -> PyResult<Option<Json>> {
        self.core.prices.map(|prices| json_of(&prices)).transpose()
    }

    fn __repr__(slf: &Bound<'_, Self>) -> PyResult<String> {
        repr(slf)
    }
}

/// A [`Sampling`], or a dict of its fields.
pub(crate) fn sampling(given: &Bound<'_, PyAny>) -> PyResult<rushlight::Sampling> {
    given_or_made::<Sampling>(given).map(|sampling| sampling.get().core.clone())
}

/// [`Limits`], or a dict of their fields.
pub(crate) fn limits(given: &Bound<'_, PyAny>) -> PyResult<rushlight::Limits> {
    given_or_made::<Limits>(given).map(|limits| limits.get().core.clone())
}

/// A value of this class, or one made from a dict of its fields.
pub(crate) fn given_or_made<'py, T: PyClass>(given: &Bound<'py, PyAny>) -> PyResult<Bound<'py, T>> {
    let class = given.py().get_type::<T>();
    let made = match given.cast::<PyDict>() {
        Ok(fields) => class.call((), Some(fields))?,
        Err(_) => given.clone(),
    };
    Ok(made.cast_into::<T>()?)
}
