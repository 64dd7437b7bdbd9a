use pyo3::prelude::*;

use crate::convert::{Json, json_of, name_of, repr};

/// The outcome of a run.
#[pyclass(frozen, eq, module = "rushlight")]
#[derive(Clone, PartialEq)]
pub(crate) struct Answer {
    pub(crate) core: rushlight::Answer,
}

#[pymethods]
impl Answer {
    #[classattr]
    #[pyo3(name = "__match_args__")]
    const MATCH_ARGS: (&'static str, &'static str, &'static str) = ("text", "citations", "finish_reason");

    /// The text of the last turn: what the person reads.
    #[getter]
    fn text(&self) -> &str {
        &self.core.text
    }

    /// The passages that the text rests on, in the order of their numbers.
    #[getter]
    fn citations(&self) -> PyResult<Vec<Citation>> {
        self.core.citations.iter().map(Citation::new).collect()
    }

    /// Why the last generation ended: `stop`, `length` or `tool_calls`.
    #[getter]
    fn finish_reason(&self) -> PyResult<String> {
        name_of(&self.core.finish_reason)
    }

    /// Whether the answer came from the cache.
    #[getter]
    fn cached(&self) -> bool {
        self.core.cached
    }

    /// Tokens of all turns.
    #[getter]
    fn usage(&self) -> Usage {
        let usage = self.core.usage;
        Usage {
            input_tokens: usage.input_tokens,
            output_tokens: usage.output_tokens,
            cached_tokens: usage.cached_tokens,
        }
    }

    /// What happened, with times.
    #[getter]
    fn report(&self) -> Report {
        Report::from(self.core.report)
    }

    /// The JSON form, the same in all languages; without the report.
    #[pyo3(signature = () -> "dict[str, Any]")]
    fn to_json(&self) -> PyResult<Json> {
        json_of(&self.core)
    }

    fn __str__(&self) -> &str {
        &self.core.text
    }

    fn __repr__(slf: &Bound<'_, Self>) -> PyResult<String> {
        repr(slf)
    }
}

/// A passage that an answer rests on.
#[pyclass(frozen, eq, get_all, module = "rushlight")]
#[derive(Clone, PartialEq)]
pub(crate) struct Citation {
    /// The passage's number in the prompt, from 1.
    number: usize,
    /// The passage's id.
    passage: String,
    /// The document's source.
    source: String,
    /// The document's title.
    title: String,
    /// `written` if the model wrote the number, `attributed` if the passage shares the answer's words.
    origin: String,
}

impl Citation {
    fn new(citation: &rushlight::Citation) -> PyResult<Self> {
        Ok(Self {
            number: citation.number,
            passage: citation.passage.clone(),
            source: citation.source.clone(),
            title: citation.title.clone(),
            origin: name_of(&citation.origin)?,
        })
    }
}

#[pymethods]
impl Citation {
    #[classattr]
    #[pyo3(name = "__match_args__")]
    const MATCH_ARGS: (&'static str, &'static str, &'static str, &'static str, &'static str) =
        ("number", "passage", "source", "title", "origin");

    fn __repr__(slf: &Bound<'_, Self>) -> PyResult<String> {
        repr(slf)
    }
}

/// Tokens that a run consumed and produced.
#[pyclass(frozen, eq, get_all, module = "rushlight")]
#[derive(Clone, PartialEq)]
pub(crate) struct Usage {
    /// Tokens of the prompts.
    input_tokens: usize,
    /// Tokens generated.
    output_tokens: usize,
    /// Tokens of the prompts that were taken from a cache instead of being computed.
    cached_tokens: usize,
}

#[pymethods]
impl Usage {
    #[classattr]
    #[pyo3(name = "__match_args__")]
    const MATCH_ARGS: (&'static str, &'static str, &'static str) =
        ("input_tokens", "output_tokens", "cached_tokens");

    fn __repr__(slf: &Bound<'_, Self>) -> PyResult<String> {
        repr(slf)
    }
}

/// Counts and times of a run; times in seconds.
#[pyclass(frozen, eq, get_all, module = "rushlight")]
#[derive(Clone, PartialEq)]
pub(crate) struct Report {
    /// From the start to the first text; none if there was no text.
    first_token: Option<f64>,
    /// From the start to the end.
    total: f64,
    /// Time spent retrieving passages.
    retrieval: f64,
    /// Time spent generating.
    decoding: f64,
    /// Time spent in tools.
    tools: f64,
    /// Generations.
    turns: usize,
    /// Tool calls that were answered.
    tool_calls: usize,
    /// Tokens generated in a second of decoding; none when nothing was generated.
    tokens_per_second: Option<f64>,
}

impl From<rushlight::Report> for Report {
    fn from(report: rushlight::Report) -> Self {
        Self {
            first_token: report.first_token.map(|time| time.as_secs_f64()),
            total: report.total.as_secs_f64(),
            retrieval: report.retrieval.as_secs_f64(),
            decoding: report.decoding.as_secs_f64(),
            tools: report.tools.as_secs_f64(),
            turns: report.turns,
            tool_calls: report.tool_calls,
            tokens_per_second: report.tokens_per_second,
        }
    }
}

#[pymethods]
impl Report {
    #[classattr]
    #[pyo3(name = "__match_args__")]
    const MATCH_ARGS: (&'static str, &'static str, &'static str, &'static str) =
        ("first_token", "total", "turns", "tool_calls");

    fn __repr__(slf: &Bound<'_, Self>) -> PyResult<String> {
        repr(slf)
    }
}
