use std::path::PathBuf;

use pyo3::intern;
use pyo3::prelude::*;
use pyo3::types::PyDict;
use rushlight::agent::BATCH_CONCURRENCY;
use rushlight::{AgentExt, AgentTool, Request, Toolbox};
use serde_json::Value;

use crate::answer::Answer;
use crate::batch::Outcome;
use crate::convert::{Json, from_keywords, json_of, not_picklable};
use crate::error::raised;
use crate::request::{attached_request, request, requests_of};
use crate::runtime::{Unlocked, run, wait};
use crate::session::MemorySessions;
use crate::stream::{AsyncEventStream, EventStream};
use crate::tool::{BuiltinTool, toolbox};
use crate::{cache, llm, options, retriever};

/// The agent that rushlight ships: answers from documents, with tools, a memory and a cache.
///
/// It may be used from any thread and any event loop, and by many at once.
#[pyclass(frozen, module = "rushlight")]
pub(crate) struct Assistant {
    core: Unlocked<rushlight::Assistant>,
    toolbox: Toolbox,
    /// Outlives `core`, whose handle of the model is then never the last: that one ends on a thread of its own.
    _llm: Py<PyAny>,
}

/// The name, description and core of a `rushlight.HandOff`.
fn hand_off(given: &Bound<'_, PyAny>) -> PyResult<(String, String, rushlight::Assistant)> {
    let (name, description, assistant): (String, String, PyRef<'_, Assistant>) = given.extract()?;
    Ok((name, description, rushlight::Assistant::clone(&assistant.core)))
}

/// The JSON Schema of a type, and what makes a value of it.
fn typed(schema: &Bound<'_, PyAny>) -> PyResult<(Value, Py<PyAny>)> {
    let py = schema.py();
    let read = py.import(intern!(py, "rushlight._schema"))?.getattr(intern!(py, "read_type"))?;
    let (Json(schema), decode) = read.call1((schema,))?.extract()?;
    Ok((schema, decode))
}

impl Assistant {
    /// A handle of the core's.
    pub(crate) fn shared(&self) -> rushlight::Assistant {
        rushlight::Assistant::clone(&self.core)
    }

    fn answering(&self, request: Request) -> impl Future<Output = rushlight::Result<Answer>> + use<> {
        let assistant = rushlight::Assistant::clone(&self.core);
        async move { assistant.ask(request).await.map(|core| Answer { core }) }
    }

    fn answering_all(
        &self,
        requests: Vec<Request>,
        concurrency: Option<usize>,
    ) -> impl Future<Output = rushlight::Result<Vec<Outcome>>> + use<> {
        let assistant = rushlight::Assistant::clone(&self.core);
        async move {
            let answers = assistant.ask_batch(requests, concurrency.unwrap_or(BATCH_CONCURRENCY)).await?;
            Ok(answers.into_iter().map(Outcome::from).collect())
        }
    }

    fn extracting(
        &self,
        request: Request,
        schema: Value,
    ) -> impl Future<Output = rushlight::Result<Value>> + Send + use<> {
        let assistant = rushlight::Assistant::clone(&self.core);
        async move { assistant.extract_json(request, schema).await }
    }
}

#[pymethods]
impl Assistant {
    /// An assistant around a model; everything else is optional.
    ///
    /// Args:
    ///     llm: the model: a `LocalLlm`, a `ScriptedLlm`, or any object with a method `generate(prompt)` that gives
    ///         pieces of text and tool calls
    ///     instructions: who the assistant is and what it does
    ///     tools: functions that the model may call, decorated with `tool` or not, what the functions of
    ///         `rushlight.tools` make, and the tools of servers, as `McpTools.connect` gives them
    ///     retriever: answers rest on the passages that it finds: a `KnowledgeBase`, what its method `retriever`
    ///         gives, or any object with a method `retrieve(question, k)` that gives passages
    ///     cache: answers are kept here and given again: a `MemoryCache`, or any object with the methods
    ///         `get(key)`, `put(key, value)` and `remove(key)` for bytes
    ///     sessions: remembers conversations
    ///     sampling: how the model chooses tokens: a `Sampling` or a dict of its fields
    ///     limits: what one run may spend: `Limits` or a dict of its fields
    ///     tool_timeout: seconds that each tool may run that has no timeout of its own; default 5
    ///     approver: decides about calls of tools with `approve`: a function, sync or async, that gets the `ToolCall` and
    ///         gives True, or False or a reason why not; without one they do not run
    ///     hand_offs: assistants to which the model may hand the conversation over, by a tool `transfer_to_NAME`: they go on with
    ///         what was said before, and give the answer
    ///     cache_tool_answers: keeps answers that needed tools, too
    ///     record: a file, replaced if it is there, that keeps everything that runs are told by model, tools, retriever, cache
    ///         and sessions, as it is: `Assistant.replay` gives the same events again
    #[new]
    #[pyo3(signature = (
        llm: "LocalLlm | ScriptedLlm | Llm", *,
        instructions = None,
        tools: "Sequence[Tool[..., Any] | Callable[..., Any] | BuiltinTool | McpTools]" = Vec::new(),
        retriever: "Retriever | None" = None,
        cache: "MemoryCache | Cache | None" = None,
        sessions = None,
        sampling: "Sampling | Mapping[str, Any] | None" = None,
        limits: "Limits | Mapping[str, Any] | None" = None,
        tool_timeout = None,
        approver: "Approver | None" = None,
        hand_offs: "Sequence[HandOff]" = Vec::new(),
        cache_tool_answers = false,
        record: "str | PathLike[str] | None" = None,
    ))]
    #[expect(clippy::too_many_arguments, reason = "keyword arguments are Python's options object")]
    fn new(
        llm: Bound<'_, PyAny>,
        instructions: Option<String>,
        tools: Vec<Bound<'_, PyAny>>,
        retriever: Option<Bound<'_, PyAny>>,
        cache: Option<Bound<'_, PyAny>>,
        sessions: Option<PyRef<'_, MemorySessions>>,
        sampling: Option<Bound<'_, PyAny>>,
        limits: Option<Bound<'_, PyAny>>,
        tool_timeout: Option<f64>,
        approver: Option<Bound<'_, PyAny>>,
        hand_offs: Vec<Bound<'_, PyAny>>,
        cache_tool_answers: bool,
        record: Option<PathBuf>,
    ) -> PyResult<Self> {
        let mut builder = rushlight::Assistant::builder(llm::shared(&llm)?);
        if let Some(instructions) = instructions {
            builder = builder.instructions(instructions);
        }
        let toolbox = toolbox(&tools, tool_timeout, approver.as_ref())?;
        if !toolbox.is_empty() {
            builder = builder.tools(toolbox.clone());
        }
        if let Some(retriever) = retriever {
            builder = builder.retriever(retriever::shared(&retriever)?);
        }
        if let Some(cache) = cache {
            builder = builder.cache(cache::shared(&cache)?);
        }
        if let Some(sessions) = sessions {
            builder = builder.sessions(sessions.core.clone());
        }
        if let Some(sampling) = sampling {
            builder = builder.sampling(options::sampling(&sampling)?);
        }
        if let Some(limits) = limits {
            builder = builder.limits(options::limits(&limits)?);
        }
        for given in &hand_offs {
            let (name, description, other) = hand_off(given)?;
            builder = builder.hand_off_to(name, description, other);
        }
        if cache_tool_answers {
            builder = builder.cache_tool_answers();
        }
        if let Some(path) = record {
            builder = builder.record(path);
        }
        let core = Unlocked::new(builder.build().map_err(raised)?);
        Ok(Self { core, toolbox, _llm: llm.unbind() })
    }

    /// The assistant of a journal that `record` made: the same runs give the same events, without model, tools or network.
    ///
    /// Raises:
    ///     CorruptError: the journal is cut or damaged; the text names the line.
    ///     DivergedError: from a run that asks for something else than the recorded one did.
    #[staticmethod]
    #[pyo3(signature = (path: "str | PathLike[str]"))]
    fn replay(py: Python<'_>, path: PathBuf) -> PyResult<Self> {
        let core = py.detach(|| rushlight::Assistant::replay(path)).map_err(raised)?;
        Ok(Self { core: Unlocked::new(core), toolbox: Toolbox::new(), _llm: py.None() })
    }

    /// The answer to a question, after the whole run. Ctrl-C stops it.
    ///
    /// Args:
    ///     question: the question; must not be blank
    ///     options: `session`, `priority`, `filter`, `schema`, `scopes`, `dry_run`, `tool_choice`, `parallel_calls` and
    ///         `deadline`; see `RunOptions`
    #[pyo3(signature = (question, **options: "Unpack[RunOptions]"))]
    fn run(&self, py: Python<'_>, question: String, options: Option<&Bound<'_, PyDict>>) -> PyResult<Answer> {
        wait(py, self.answering(request(question, options)?))
    }

    /// The answer to a question, from async code. Cancelling the task stops the run.
    #[pyo3(signature = (question, **options: "Unpack[RunOptions]"))]
    async fn arun(&self, question: String, options: Option<Py<PyDict>>) -> PyResult<Answer> {
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
    ///     options: `session`, `priority`, `filter`, `scopes`, `dry_run`, `tool_choice`, `parallel_calls` and `deadline`;
    ///         see `ExtractOptions`
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
        let request = request(question, options)?;
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
        let request = attached_request(question, options.as_ref())?;
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
    #[pyo3(signature = (question, **options: "Unpack[RunOptions]"))]
    fn stream(&self, question: String, options: Option<&Bound<'_, PyDict>>) -> PyResult<EventStream> {
        let request = request(question, options)?;
        Ok(EventStream::new(rushlight::Assistant::clone(&self.core), request))
    }

    /// The events of a run, from async code.
    ///
    /// The run stops when the task is cancelled, when you leave the `async with` block, call `aclose`, or
    /// let the stream go.
    #[pyo3(signature = (question, **options: "Unpack[RunOptions]"))]
    fn astream(&self, question: String, options: Option<&Bound<'_, PyDict>>) -> PyResult<AsyncEventStream> {
        let request = request(question, options)?;
        Ok(AsyncEventStream::new(rushlight::Assistant::clone(&self.core), request))
    }

    /// This assistant as a tool that other assistants may ask: its argument is a question, its value the answer's text.
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
    ///     max_depth: how many assistants may ask each other until this one is not asked any more; default 4
    ///     policy: what keeps its calls in check; see `ToolPolicy`. Without a `timeout` it is 10 minutes.
    #[pyo3(signature = (name, description, *, max_depth = None, **policy: "Unpack[ToolPolicy]"))]
    fn as_tool(
        &self,
        name: String,
        description: String,
        max_depth: Option<usize>,
        policy: Option<&Bound<'_, PyDict>>,
    ) -> PyResult<BuiltinTool> {
        let agent = rushlight::Assistant::clone(&self.core);
        let mut tool = AgentTool::new(name, description, agent).policy(from_keywords(policy, &[])?);
        if let Some(depth) = max_depth {
            tool = tool.max_depth(depth);
        }
        Ok(BuiltinTool::of(tool))
    }

    /// Forgets what the `cache` of a tool keeps, also of calls that still run.
    ///
    /// Raises:
    ///     UnknownError: no tool has this name.
    fn forget_results(&self, tool: &str) -> PyResult<()> {
        self.toolbox.forget(tool).map_err(raised)
    }

    /// What the prompts of all runs begin with, instructions and tools: for `LocalLlm.save_prefix`.
    #[pyo3(signature = () -> "dict[str, Any]")]
    fn beginning(&self) -> PyResult<Json> {
        json_of(&self.core.beginning())
    }

    /// Lets the model compute instructions and tools now, so that the first run need not.
    fn warm_up(&self, py: Python<'_>) -> PyResult<()> {
        let assistant = rushlight::Assistant::clone(&self.core);
        wait(py, async move { assistant.warm_up().await })
    }

    /// As `warm_up`, from async code.
    async fn awarm_up(&self) -> PyResult<()> {
        let assistant = rushlight::Assistant::clone(&self.core);
        run(async move { assistant.warm_up().await }).await
    }

    #[pyo3(signature = () -> "NoReturn")]
    fn __reduce__(slf: &Bound<'_, Self>) -> PyResult<Py<PyAny>> {
        not_picklable(slf)
    }
}
