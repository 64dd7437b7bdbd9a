use pyo3::prelude::*;
use rushlight::{Event, RoutedBy, ToolStatus};

use crate::answer::{Answer, Usage};
use crate::convert::{Json, json_of, name_of, repr};
use crate::passage::Passage;

/// Any event, as its own class.
#[derive(IntoPyObject)]
pub(crate) enum AnyEvent {
    Retrieved(Retrieved),
    Text(Text),
    ToolCall(ToolCall),
    ToolOutput(ToolOutput),
    HandedOff(HandedOff),
    Routed(Routed),
    Done(Done),
}

impl TryFrom<Event> for AnyEvent {
    type Error = PyErr;

    fn try_from(event: Event) -> PyResult<Self> {
        Ok(match event {
            Event::Retrieved { passages } => Self::Retrieved(Retrieved { passages }),
            Event::Text { text } => Self::Text(Text { text }),
            Event::ToolCall(call) => Self::ToolCall(ToolCall { call }),
            Event::ToolOutput(output) => Self::ToolOutput(ToolOutput { output }),
            Event::HandedOff { to } => Self::HandedOff(HandedOff { to }),
            Event::Routed { to, by, score } => Self::Routed(Routed { to, by, score }),
            Event::Done(answer) => Self::Done(Done { answer: Answer { core: *answer } }),
            other => {
                return Err(crate::error::invalid(
                    "event",
                    format!("expected a known type, got `{other:?}`"),
                ));
            }
        })
    }
}

/// The passages that the model will see, best first.
///
/// Comes once, when there is a retriever and the answer is not cached. A passage's position plus one is the
/// number by which the answer cites it.
#[pyclass(frozen, eq, module = "rushlight")]
#[derive(Clone, PartialEq)]
pub(crate) struct Retrieved {
    passages: Vec<rushlight::Passage>,
}

#[pymethods]
impl Retrieved {
    /// `"retrieved"`
    #[classattr]
    #[pyo3(name = "type")]
    const TYPE: &'static str = "retrieved";
    #[classattr]
    #[pyo3(name = "__match_args__")]
    const MATCH_ARGS: (&'static str,) = ("passages",);

    /// The passages.
    #[getter]
    fn passages(&self) -> Vec<Passage> {
        self.passages.iter().cloned().map(Passage::from).collect()
    }

    /// The JSON form, the same in all languages.
    #[pyo3(signature = () -> "dict[str, Any]")]
    fn to_json(&self) -> PyResult<Json> {
        json_of(&Event::Retrieved { passages: self.passages.clone() })
    }

    fn __repr__(slf: &Bound<'_, Self>) -> PyResult<String> {
        repr(slf)
    }
}

/// More text of the answer.
#[pyclass(frozen, eq, module = "rushlight")]
#[derive(Clone, PartialEq)]
pub(crate) struct Text {
    /// Whole code points, never empty.
    #[pyo3(get)]
    text: String,
}

#[pymethods]
impl Text {
    /// `"text"`
    #[classattr]
    #[pyo3(name = "type")]
    const TYPE: &'static str = "text";
    #[classattr]
    #[pyo3(name = "__match_args__")]
    const MATCH_ARGS: (&'static str,) = ("text",);

    /// The JSON form, the same in all languages.
    #[pyo3(signature = () -> "dict[str, Any]")]
    fn to_json(&self) -> PyResult<Json> {
        json_of(&Event::Text { text: self.text.clone() })
    }

    fn __repr__(slf: &Bound<'_, Self>) -> PyResult<String> {
        repr(slf)
    }
}

/// The model asks for a tool, which now starts.
#[pyclass(frozen, eq, module = "rushlight")]
#[derive(Clone, PartialEq)]
pub(crate) struct ToolCall {
    pub(crate) call: rushlight::ToolCall,
}

#[pymethods]
impl ToolCall {
    /// `"tool_call"`
    #[classattr]
    #[pyo3(name = "type")]
    const TYPE: &'static str = "tool_call";
    #[classattr]
    #[pyo3(name = "__match_args__")]
    const MATCH_ARGS: (&'static str, &'static str, &'static str) = ("name", "arguments", "id");

    /// Unique within the run.
    #[getter]
    fn id(&self) -> &str {
        &self.call.id
    }

    /// The tool's name, as the model wrote it.
    #[getter]
    fn name(&self) -> &str {
        &self.call.name
    }

    /// The arguments, as the model wrote them: not validated yet.
    #[getter]
    fn arguments(&self) -> Json {
        Json(self.call.arguments.clone())
    }

    /// The JSON form, the same in all languages.
    #[pyo3(signature = () -> "dict[str, Any]")]
    fn to_json(&self) -> PyResult<Json> {
        json_of(&Event::ToolCall(self.call.clone()))
    }

    fn __repr__(slf: &Bound<'_, Self>) -> PyResult<String> {
        repr(slf)
    }
}

/// A tool has ended.
#[pyclass(frozen, eq, module = "rushlight")]
#[derive(Clone, PartialEq)]
pub(crate) struct ToolOutput {
    output: rushlight::ToolOutput,
}

#[pymethods]
impl ToolOutput {
    /// `"tool_output"`
    #[classattr]
    #[pyo3(name = "type")]
    const TYPE: &'static str = "tool_output";
    #[classattr]
    #[pyo3(name = "__match_args__")]
    const MATCH_ARGS: (&'static str, &'static str, &'static str) = ("name", "content", "status");

    /// The call that this answers.
    #[getter]
    fn call_id(&self) -> &str {
        &self.output.call_id
    }

    /// The tool's name.
    #[getter]
    fn name(&self) -> &str {
        &self.output.name
    }

    /// How it ended: `success`, `unknown_tool`, `invalid_arguments`, `error`, `timeout`, `refused` (by a limit of the run),
    /// `denied` (a scope or an approval is missing), `rate_limited`, `unavailable` or `dry_run`.
    #[getter]
    fn status(&self) -> PyResult<String> {
        name_of(&self.output.status)
    }

    /// The value as text (JSON unless the tool returned a string), or an explanation of the failure.
    #[getter]
    fn content(&self) -> &str {
        &self.output.content
    }

    /// Whether the value is one that the tool's `cache` had; the tool did not run.
    #[getter]
    fn cached(&self) -> bool {
        self.output.cached
    }

    /// Tokens of the models that the tool asked, if it is an assistant.
    #[getter]
    fn usage(&self) -> Usage {
        self.output.usage.into()
    }

    /// How long the tool ran, in seconds.
    #[getter]
    fn elapsed(&self) -> f64 {
        self.output.elapsed.as_secs_f64()
    }

    /// Whether the tool returned a value.
    #[getter]
    fn is_success(&self) -> bool {
        self.output.status == ToolStatus::Success
    }

    /// The JSON form, the same in all languages.
    #[pyo3(signature = () -> "dict[str, Any]")]
    fn to_json(&self) -> PyResult<Json> {
        json_of(&Event::ToolOutput(self.output.clone()))
    }

    fn __repr__(slf: &Bound<'_, Self>) -> PyResult<String> {
        repr(slf)
    }
}

/// Another assistant goes on with the conversation; what follows is its own.
#[pyclass(frozen, eq, module = "rushlight")]
#[derive(Clone, PartialEq)]
pub(crate) struct HandedOff {
    /// Its name.
    #[pyo3(get)]
    to: String,
}

#[pymethods]
impl HandedOff {
    /// `"handed_off"`
    #[classattr]
    #[pyo3(name = "type")]
    const TYPE: &'static str = "handed_off";
    #[classattr]
    #[pyo3(name = "__match_args__")]
    const MATCH_ARGS: (&'static str,) = ("to",);

    /// The JSON form, the same in all languages.
    #[pyo3(signature = () -> "dict[str, Any]")]
    fn to_json(&self) -> PyResult<Json> {
        json_of(&Event::HandedOff { to: self.to.clone() })
    }

    fn __repr__(slf: &Bound<'_, Self>) -> PyResult<String> {
        repr(slf)
    }
}

/// A `Router` has chosen who answers; what follows is the chosen agent's own.
#[pyclass(frozen, eq, module = "rushlight")]
#[derive(Clone, PartialEq)]
pub(crate) struct Routed {
    /// The name of its route.
    #[pyo3(get)]
    to: String,
    by: RoutedBy,
    /// The cosine between the question and the nearest example, where examples chose.
    #[pyo3(get)]
    score: Option<f32>,
}

#[pymethods]
impl Routed {
    /// `"routed"`
    #[classattr]
    #[pyo3(name = "type")]
    const TYPE: &'static str = "routed";
    #[classattr]
    #[pyo3(name = "__match_args__")]
    const MATCH_ARGS: (&'static str, &'static str, &'static str) = ("to", "by", "score");

    /// What chose it: `"rule"`, `"examples"`, `"model"` or `"fallback"`.
    #[getter]
    fn by(&self) -> PyResult<String> {
        name_of(&self.by)
    }

    /// The JSON form, the same in all languages.
    #[pyo3(signature = () -> "dict[str, Any]")]
    fn to_json(&self) -> PyResult<Json> {
        json_of(&Event::Routed { to: self.to.clone(), by: self.by, score: self.score })
    }

    fn __repr__(slf: &Bound<'_, Self>) -> PyResult<String> {
        repr(slf)
    }
}

/// The end of the run.
#[pyclass(frozen, eq, module = "rushlight")]
#[derive(Clone, PartialEq)]
pub(crate) struct Done {
    answer: Answer,
}

#[pymethods]
impl Done {
    /// `"done"`
    #[classattr]
    #[pyo3(name = "type")]
    const TYPE: &'static str = "done";
    #[classattr]
    #[pyo3(name = "__match_args__")]
    const MATCH_ARGS: (&'static str,) = ("answer",);

    /// The whole answer.
    #[getter]
    fn answer(&self) -> Answer {
        self.answer.clone()
    }

    /// The JSON form, the same in all languages.
    #[pyo3(signature = () -> "dict[str, Any]")]
    fn to_json(&self) -> PyResult<Json> {
        json_of(&Event::Done(Box::new(self.answer.core.clone())))
    }

    fn __repr__(slf: &Bound<'_, Self>) -> PyResult<String> {
        repr(slf)
    }
}
