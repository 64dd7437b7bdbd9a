use std::sync::Arc;

use pyo3::intern;
use pyo3::prelude::*;
use pyo3::types::PyDict;
use rushlight::agent::BATCH_CONCURRENCY;
use rushlight::{AgentExt, AgentTool, Request};
use serde_json::Value;

use crate::answer::Answer;
use crate::batch::Outcome;
use crate::convert::{Json, from_keywords, not_picklable};
use crate::request::{Question, attached_request, request, requests_of};
use crate::runtime::{Unlocked, run, wait};
use crate::stream::{AsyncEventStream, EventStream};
use crate::tool::BuiltinTool;

/// Whoever answers questions: an `Assistant`, or a `Router` that chooses one of several.
///
/// It may be used from any thread and any event loop, and by many at once.
#[pyclass(frozen, subclass, module = "rushlight")]
pub(crate) struct Agent {
    core: Unlocked<Arc<dyn rushlight::Agent>>,
    /// Outlive `core`, whose handles of models are then never the last: those end on threads of their own.
    _parts: Vec<Py<PyAny>>,
}

/// The JSON Schema of a type, and what makes a value of it.
fn typed(schema: &Bound<'_, PyAny>) -> PyResult<(Value, Py<PyAny>)> {
    let py = schema.py();
    let read = py.import(intern!(py, "rushlight._schema"))?.getattr(intern!(py, "read_type"))?;
    let (Json(schema), decode) = read.call1((schema,))?.extract()?;
    Ok((schema, decode))
}

impl Agent {
    /// An agent of the core, and the objects that it is made of.
    pub(crate) fn new(core: impl rushlight::Agent, parts: Vec<Py<PyAny>>) -> Self {
        Self { core: Unlocked::new(Arc::new(core)), _parts: parts }
    }

    pub(crate) fn shared(&self) -> Arc<dyn rushlight::Agent> {
        Arc::clone(&self.core)
    }

    fn answering(&self, request: Request) -> impl Future<Output = rushlight::Result<Answer>> + use<> {
        let agent = self.shared();
        async move { agent.ask(request).await.map(|core| Answer { core }) }
    }

    fn answering_all(
        &self,
        requests: Vec<Request>,
        concurrency: Option<usize>,
    ) -> impl Future<Output = rushlight::Result<Vec<Outcome>>> + use<> {
        let agent = self.shared();
        async move {
            let answers = agent.ask_batch(requests, concurrency.unwrap_or(BATCH_CONCURRENCY)).await?;
            Ok(answers.into_iter().map(Outcome::from).collect())
        }
    }

    fn extracting(
        &self,
        request: Request,
        schema: Value,
    ) -> impl Future<Output = rushlight::Result<Value>> + Send + use<> {
        let agent = self.shared();
        async move { agent.extract_json(request, schema).await }
    }
}

#[pymethods]
impl Agent {
    /// The answer to a question, after the whole run. Ctrl-C stops it.
    ///
    /// Args:
    ///     question: the question; must not be blank; or a run that waited for an approval, with `decisions` as its only option
    ///     options: `session`, `history`, `priority`, `filter`, `schema`, `scopes`, `dry_run`, `tool_choice`, `parallel_calls`,
    ///         `call_threshold`, `citing` and `deadline`; see `RunOptions`
    #[pyo3(signature = (question: "str | PendingRun", **options: "Unpack[RunOptions]"))]
    fn run(
        &self,
        py: Python<'_>,
        question: Question,
        options: Option<&Bound<'_, PyDict>>,
    ) -> PyResult<Answer> {
        wait(py, self.answering(request(question, options)?))
    }

    /// The answer to a question, from async code. Cancelling the task stops the run.
    #[pyo3(signature = (question: "str | PendingRun", **options: "Unpack[RunOptions]"))]
    async fn arun(&self, question: Question, options: Option<Py<PyDict>>) -> PyResult<Answer> {
        run(self.answering(attached_request(question, options.as_ref())?)).await
    }

    /// The answers to many questions, in their order. A question that fails does not stop the others: in the place of its
    /// answer is its error, which is not raised. Ctrl-C stops all.
    ///
    /// ```python
    /// for answer in assistant.run_batch(["Why?", dict(question="And now?", session="ann")]):
    ///     print(answer.text if isinstance(answer, Answer) else answer.code)
    /// ```
    ///
    /// Args:
    ///     requests: questions, or dicts with a `question` and the options of `run`
    ///     concurrency: how many are worked on at the same time; default 10
    #[pyo3(signature = (requests: "Sequence[str | BatchRequest]", *, concurrency = None) -> "list[Answer | Error]")]
    fn run_batch(
        &self,
        py: Python<'_>,
        requests: Bound<'_, PyAny>,
        concurrency: Option<usize>,
    ) -> PyResult<Vec<Outcome>> {
        wait(py, self.answering_all(requests_of(&requests)?, concurrency))
    }

    /// As `run_batch`, from async code. Cancelling the task stops all.
    #[pyo3(signature = (requests: "Sequence[str | BatchRequest]", *, concurrency = None) -> "list[Answer | Error]")]
    async fn arun_batch(&self, requests: Py<PyAny>, concurrency: Option<usize>) -> PyResult<Vec<Outcome>> {
        let requests = Python::attach(|py| requests_of(requests.bind(py)))?;
        run(self.answering_all(requests, concurrency)).await
    }

    /// The answer to a question as a value that fits a schema.
    ///
    /// A `LocalLlm` can write nothing else; the answer of every model is validated. Ctrl-C stops the run.
    ///
    /// ```python
    /// @dataclass
    /// class Review:
    ///     stars: int
    ///
    /// review = assistant.extract("How was it?", Review)
    /// ```
    ///
    /// Args:
    ///     question: the question; must not be blank
    ///     schema: a dataclass, a TypedDict, a pydantic model or another type that a tool's argument may have, of which a
    ///         value is returned; or a JSON Schema
    ///     options: `session`, `history`, `priority`, `filter`, `scopes`, `dry_run`, `tool_choice`, `parallel_calls`,
    ///         `call_threshold`, `citing` and `deadline`; see `ExtractOptions`
    ///
    /// Raises:
    ///     ModelError: the answer does not fit; the text names the place and the rule that it breaks.
    ///     TypeError: the type has no JSON Schema.
    #[pyo3(signature = (question, schema: "Any", **options: "Unpack[ExtractOptions]") -> "Any")]
    fn extract(
        &self,
        py: Python<'_>,
        question: String,
        schema: &Bound<'_, PyAny>,
        options: Option<&Bound<'_, PyDict>>,
    ) -> PyResult<Py<PyAny>> {
        let (schema, decode) = typed(schema)?;
        let request = request(Question::Text(question), options)?;
        let value = wait(py, self.extracting(request, schema))?;
        decode.call1(py, (Json(value),))
    }

    /// As `extract`, from async code. Cancelling the task stops the run.
    #[pyo3(signature = (question, schema: "Any", **options: "Unpack[ExtractOptions]") -> "Any")]
    async fn aextract(
        &self,
        question: String,
        schema: Py<PyAny>,
        options: Option<Py<PyDict>>,
    ) -> PyResult<Py<PyAny>> {
        let (schema, decode) = Python::attach(|py| typed(schema.bind(py)))?;
        let request = attached_request(Question::Text(question), options.as_ref())?;
        let value = run(self.extracting(request, schema)).await?;
        Python::attach(|py| decode.call1(py, (Json(value),)))
    }

    /// The events of a run, step by step.
    ///
    /// The run goes on while you iterate, and stops when you leave the `with` block, call `close`, or let
    /// the stream go.
    ///
    /// ```python
    /// with assistant.stream("Why?") as events:
    ///     for event in events:
    ///         if event.type == "text":
    ///             print(event.text, end="")
    /// ```
    #[pyo3(signature = (question: "str | PendingRun", **options: "Unpack[RunOptions]"))]
    fn stream(&self, question: Question, options: Option<&Bound<'_, PyDict>>) -> PyResult<EventStream> {
        let request = request(question, options)?;
        Ok(EventStream::new(self.shared(), request))
    }

    /// The events of a run, from async code.
    ///
    /// The run stops when the task is cancelled, when you leave the `async with` block, call `aclose`, or
    /// let the stream go.
    #[pyo3(signature = (question: "str | PendingRun", **options: "Unpack[RunOptions]"))]
    fn astream(&self, question: Question, options: Option<&Bound<'_, PyDict>>) -> PyResult<AsyncEventStream> {
        let request = request(question, options)?;
        Ok(AsyncEventStream::new(self.shared(), request))
    }

    /// This agent as a tool that assistants may ask: its argument is a question, its value the answer's text.
    ///
    /// ```python
    /// reviewer = Assistant(llm, instructions="You review code.")
    /// assistant = Assistant(llm, tools=[reviewer.as_tool("reviewer", "Finds mistakes in code")])
    /// ```
    ///
    /// It is asked in the name of the run that calls it: with its scopes, filter, priority and what is left of its deadline, but
    /// in no session. Its tokens count as the run's own. Where it fails or is too late, the model reads that.
    ///
    /// Args:
    ///     name: the name that the model uses
    ///     description: what the model is told about it
    ///     max_depth: how many agents may ask each other until this one is not asked any more; default 4
    ///     policy: what keeps its calls in check; see `ToolPolicy`. Without a `timeout` it is 10 minutes.
    #[pyo3(signature = (name, description, *, max_depth = None, **policy: "Unpack[ToolPolicy]"))]
    fn as_tool(
        &self,
        name: String,
        description: String,
        max_depth: Option<usize>,
        policy: Option<&Bound<'_, PyDict>>,
    ) -> PyResult<BuiltinTool> {
        let mut tool = AgentTool::new(name, description, self.shared()).policy(from_keywords(policy, &[])?);
        if let Some(depth) = max_depth {
            tool = tool.max_depth(depth);
        }
        Ok(BuiltinTool::of(tool))
    }

    #[pyo3(signature = () -> "NoReturn")]
    fn __reduce__(slf: &Bound<'_, Self>) -> PyResult<Py<PyAny>> {
        not_picklable(slf)
    }
}
