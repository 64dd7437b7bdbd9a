use pyo3::prelude::*;

use crate::convert::{Json, json_of, name_of, repr};
use crate::error::invalid;
use crate::event::ToolCall;

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

    /// Tokens of all turns, and of what tools asked models.
    #[getter]
    fn usage(&self) -> Usage {
        self.core.usage.into()
    }

    /// Whose answer this is: the agent to which the conversation was handed over last, or that a `Router` chose.
    #[getter]
    fn answered_by(&self) -> Option<&str> {
        self.core.answered_by.as_deref()
    }

    /// The run, where calls of its last turn wait for an approval: the text is not the whole answer then.
    #[getter]
    fn pending(&self) -> Option<PendingRun> {
        self.core.pending.as_ref().map(|run| PendingRun { core: rushlight::PendingRun::clone(run) })
    }

    /// What happened, with times.
    #[getter]
    fn report(&self) -> Report {
        Report { core: self.core.report }
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

/// A run that waits for approvals: all that it takes to go on with it, in this process or another one.
///
/// Keep its JSON form wherever you like, but not where somebody else could change it: a decision is about the calls as they
/// stand here.
///
/// ```python
/// assistant = Assistant(llm, tools=[deploy], approver=lambda call: None)
/// pending = assistant.run("Deploy the site").pending
/// if pending is not None:
///     text = json.dumps(pending.to_json())
///     # A day later:
///     pending = PendingRun.from_json(json.loads(text))
///     answer = assistant.run(pending, decisions={call.id: True for call in pending.calls})
/// ```
#[pyclass(frozen, eq, module = "rushlight")]
#[derive(Clone, PartialEq)]
pub(crate) struct PendingRun {
    pub(crate) core: rushlight::PendingRun,
}

#[pymethods]
impl PendingRun {
    /// The run of a JSON form.
    #[staticmethod]
    #[pyo3(signature = (json: "Mapping[str, Any]") -> "PendingRun")]
    fn from_json(json: Json) -> PyResult<Self> {
        let core =
            serde_json::from_value(json.0).map_err(|error| invalid("pending run", error.to_string()))?;
        Ok(Self { core })
    }

    /// The calls that wait, in the order of the model.
    #[getter]
    fn calls(&self) -> Vec<ToolCall> {
        self.core.calls.iter().map(|call| ToolCall { call: call.clone() }).collect()
    }

    /// The JSON form, the same in all languages.
    #[pyo3(signature = () -> "dict[str, Any]")]
    fn to_json(&self) -> PyResult<Json> {
        json_of(&self.core)
    }

    fn __repr__(&self) -> String {
        let names: Vec<&str> = self.core.calls.iter().map(|call| call.name.as_str()).collect();
        format!("<rushlight.PendingRun: {}>", names.join(", "))
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

impl From<rushlight::Usage> for Usage {
    fn from(usage: rushlight::Usage) -> Self {
        let rushlight::Usage { input_tokens, output_tokens, cached_tokens, .. } = usage;
        Self { input_tokens, output_tokens, cached_tokens }
    }
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
///
/// `retrieval`, `generation`, `tools`, `reading` and `overhead` are the parts of `total`.
#[pyclass(frozen, eq, module = "rushlight")]
#[derive(Clone, PartialEq)]
pub(crate) struct Report {
    pub(crate) core: rushlight::Report,
}

#[pymethods]
impl Report {
    #[classattr]
    #[pyo3(name = "__match_args__")]
    const MATCH_ARGS: (&'static str, &'static str, &'static str, &'static str) =
        ("first_token", "total", "turns", "tool_calls");

    /// From the start to the first text; none if there was no text.
    #[getter]
    fn first_token(&self) -> Option<f64> {
        self.core.first_token.map(|time| time.as_secs_f64())
    }

    /// From the start to the end.
    #[getter]
    fn total(&self) -> f64 {
        self.core.total.as_secs_f64()
    }

    /// Time spent retrieving passages.
    #[getter]
    fn retrieval(&self) -> f64 {
        self.core.retrieval.as_secs_f64()
    }

    /// Time spent waiting for the model, over all turns: its queue, the prompt and the text.
    #[getter]
    fn generation(&self) -> f64 {
        self.core.generation.as_secs_f64()
    }

    /// Time spent writing text, over all turns, from the first text of each turn to its end.
    #[getter]
    fn decoding(&self) -> f64 {
        self.core.decoding.as_secs_f64()
    }

    /// Time spent in tools.
    #[getter]
    fn tools(&self) -> f64 {
        self.core.tools.as_secs_f64()
    }

    /// Time that the reader of the events took between them.
    #[getter]
    fn reading(&self) -> f64 {
        self.core.reading.as_secs_f64()
    }

    /// What the run itself took, with session store and cache: the rest of the total.
    #[getter]
    fn overhead(&self) -> f64 {
        self.core.overhead().as_secs_f64()
    }

    /// Generations.
    #[getter]
    fn turns(&self) -> usize {
        self.core.turns
    }

    /// Tool calls that were answered.
    #[getter]
    fn tool_calls(&self) -> usize {
        self.core.tool_calls
    }

    /// How likely a local model was to begin its first turn with a call of a tool, from 0 to 1; none where it did not have
    /// the choice.
    #[getter]
    fn call_probability(&self) -> Option<f32> {
        self.core.call_probability
    }

    /// Tokens that followed the first one in a second of decoding; none when no text was generated.
    #[getter]
    fn tokens_per_second(&self) -> Option<f64> {
        self.core.tokens_per_second
    }

    /// What the tokens of the run cost, those of agents that it asked included; none where no prices are known.
    #[getter]
    fn cost(&self) -> Option<f64> {
        self.core.cost
    }

    fn __repr__(slf: &Bound<'_, Self>) -> PyResult<String> {
        repr(slf)
    }
}
