use std::path::PathBuf;

use pyo3::prelude::*;
use pyo3::types::PyDict;
use rushlight::{AgentSpec, Toolbox};

use crate::agent::Agent;
use crate::convert::{Json, json_of};
use crate::error::raised;
use crate::metrics::ToolMetrics;
use crate::runtime::{Unlocked, run, wait};
use crate::session::MemorySessions;
use crate::spec::{Parts, SpecModel, spec};
use crate::{llm, options};

/// The agent that rushlight ships: answers from documents, with tools, a memory and a cache.
///
/// It may be used from any thread and any event loop, and by many at once.
#[pyclass(frozen, extends = Agent, module = "rushlight")]
pub(crate) struct Assistant {
    core: Unlocked<rushlight::Assistant>,
    toolbox: Toolbox,
}

impl Assistant {
    /// An assistant of the core as its own class and the one that it extends.
    fn with_base(core: rushlight::Assistant, toolbox: Toolbox, llm: Py<PyAny>) -> PyClassInitializer<Self> {
        let agent = Agent::new(core.clone(), vec![llm]);
        PyClassInitializer::from(agent).add_subclass(Self { core: Unlocked::new(core), toolbox })
    }
}

/// A spec, with the parts that are code.
struct Described {
    spec: AgentSpec,
    toolbox: Toolbox,
    parts: Option<Py<PyDict>>,
}

impl Described {
    /// What is wrong with the spec or the tools is found before a model is loaded.
    fn new(
        py: Python<'_>,
        given: &Py<PyAny>,
        profile: Option<&str>,
        parts: Option<Py<PyDict>>,
    ) -> PyResult<Self> {
        let spec = spec(given.bind(py), profile)?;
        let tools = Parts::from_keywords(parts.as_ref().map(|parts| parts.bind(py)))?.toolbox()?;
        let toolbox = spec.toolbox(&tools).map_err(raised)?;
        Ok(Self { spec, toolbox, parts })
    }

    /// Opens the spec's model.
    fn model(&self) -> impl Future<Output = rushlight::Result<SpecModel>> + Send + use<> {
        SpecModel::open(self.spec.clone())
    }

    fn assistant(self, py: Python<'_>, llm: Py<PyAny>) -> PyResult<Py<Assistant>> {
        let parts = Parts::from_keywords(self.parts.as_ref().map(|parts| parts.bind(py)))?;
        let shared = llm::shared(llm.bind(py))?;
        let builder = self.spec.builder(shared, &self.toolbox, parts.documents()).map_err(raised)?;
        let core = parts.add_to(builder)?.build().map_err(raised)?;
        Py::new(py, Assistant::with_base(core, self.toolbox, llm))
    }
}

#[pymethods]
impl Assistant {
    /// An assistant around a model; everything else is optional.
    ///
    /// Args:
    ///     llm: the model: a `LocalLlm`, a `RemoteLlm`, a `ScriptedLlm`, or any object with a method `generate(prompt)` that gives
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
    ///     tool_metrics: where tool calls are counted
    ///     hand_offs: agents to which the model may hand the conversation over, by a tool `transfer_to_NAME`: they go on with
    ///         what was said before, and give the answer
    ///     cache_tool_answers: keeps answers that needed tools, too
    ///     record: a file, replaced if it is there, that keeps everything that runs are told by model, tools, retriever, cache
    ///         and sessions, as it is: `Assistant.replay` gives the same events again
    #[new]
    #[pyo3(signature = (
        llm: "LocalLlm | RemoteLlm | ScriptedLlm | Llm", *,
        instructions = None,
        tools: "Sequence[Tool[..., Any] | Callable[..., Any] | BuiltinTool | McpTools]" = Vec::new(),
        retriever: "Retriever | None" = None,
        cache: "MemoryCache | Cache | None" = None,
        sessions = None,
        sampling: "Sampling | Mapping[str, Any] | None" = None,
        limits: "Limits | Mapping[str, Any] | None" = None,
        tool_timeout = None,
        approver: "Approver | None" = None,
        tool_metrics = None,
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
        tool_metrics: Option<PyRef<'_, ToolMetrics>>,
        hand_offs: Vec<Bound<'_, PyAny>>,
        cache_tool_answers: bool,
        record: Option<PathBuf>,
    ) -> PyResult<PyClassInitializer<Self>> {
        let parts = Parts {
            tools,
            retriever,
            cache,
            sessions,
            tool_timeout,
            approver,
            tool_metrics,
            hand_offs,
            record,
        };
        let toolbox = parts.toolbox()?;
        let mut builder = rushlight::Assistant::builder(llm::shared(&llm)?);
        if let Some(instructions) = instructions {
            builder = builder.instructions(instructions);
        }
        if !toolbox.is_empty() {
            builder = builder.tools(toolbox.clone());
        }
        if let Some(base) = parts.documents() {
            builder = builder.retriever(base);
        }
        if let Some(sampling) = sampling {
            builder = builder.sampling(options::sampling(&sampling)?);
        }
        if let Some(limits) = limits {
            builder = builder.limits(options::limits(&limits)?);
        }
        if cache_tool_answers {
            builder = builder.cache_tool_answers();
        }
        let core = parts.add_to(builder)?.build().map_err(raised)?;
        Ok(Self::with_base(core, toolbox, llm.unbind()))
    }

    /// The assistant of a spec: a file in TOML or JSON, which is the same in Rust and Node, or a dict of what such a file
    /// says. Durations are numbers of seconds or text such as `30s`.
    ///
    /// An `agent.toml`, and its assistant:
    ///
    ///     model = "Qwen2.5-Coder-0.5B-Instruct"
    ///     instructions = "You answer in one sentence."
    ///     sampling.temperature = 0.2
    ///     limits = { max_output_tokens = 160, deadline = "30s" }
    ///     tools.calculate = { rate = "100/min" }
    ///
    ///     assistant = Assistant.from_spec("agent.toml", tools=[rushlight.tools.calculate()])
    ///
    /// Its keys are `model`, `model_options` (those of `LocalLlm`), `remote_model` (`url`, `name`, `api_key_env`, the environment
    /// variable that holds the key, and the `options` of `RemoteLlm`; used where there is no `model`), `instructions`, `sampling`, `limits`, `tools` (for each by
    /// name what of its policy is other than the tool's own), `retriever` (how a `KnowledgeBase` is searched), `cache` and
    /// `sessions` (bounds of a `MemoryCache` and of `MemorySessions`; without them there is none), `cache_tool_answers`, and
    /// `profiles`: other `instructions`, `sampling` and `limits` by name. Paths of models begin at the file's folder, and the
    /// environment variable `RUSHLIGHT_MODEL` comes in the place of a file's `model`.
    ///
    /// Args:
    ///     spec: the file, whose name ends in `.toml` or `.json`, or a dict
    ///     profile: the profile whose parameters are used; by default none
    ///     llm: the model, in the place of the spec's; assistants of several profiles may share one
    ///     parts: `tools`, the functions of exactly those that the spec names; `retriever`, `tool_timeout`, `approver`,
    ///         `tool_metrics`, `hand_offs` and `record`, as those of the class; `cache` and `sessions`, in the place of the spec's
    ///
    /// Raises:
    ///     IoError: the file cannot be read.
    ///     InvalidError: a key is not known, or a value is of the wrong type or out of its range: the text has its path, and
    ///         the file; the tools are not those that the spec names; or there is nothing that `retriever` could search.
    ///     UnknownError: there is no profile or no model of this name.
    ///     ModelError: the model cannot be loaded.
    #[staticmethod]
    #[pyo3(signature = (
        spec: "str | PathLike[str] | Mapping[str, Any]", *,
        profile = None,
        llm: "LocalLlm | RemoteLlm | ScriptedLlm | Llm | None" = None,
        **parts: "Unpack[AssistantParts]",
    ))]
    fn from_spec(
        py: Python<'_>,
        spec: Py<PyAny>,
        profile: Option<String>,
        llm: Option<Py<PyAny>>,
        parts: Option<Py<PyDict>>,
    ) -> PyResult<Py<Self>> {
        let described = Described::new(py, &spec, profile.as_deref(), parts)?;
        let llm = match llm {
            Some(llm) => llm,
            None => wait(py, described.model())?.into_object(py)?,
        };
        described.assistant(py, llm)
    }

    /// As `from_spec`, from async code.
    #[staticmethod]
    #[pyo3(signature = (
        spec: "str | PathLike[str] | Mapping[str, Any]", *,
        profile = None,
        llm: "LocalLlm | RemoteLlm | ScriptedLlm | Llm | None" = None,
        **parts: "Unpack[AssistantParts]",
    ) -> "Assistant")]
    async fn afrom_spec(
        spec: Py<PyAny>,
        profile: Option<String>,
        llm: Option<Py<PyAny>>,
        parts: Option<Py<PyDict>>,
    ) -> PyResult<Py<Self>> {
        let described = Python::attach(|py| Described::new(py, &spec, profile.as_deref(), parts))?;
        let llm = if let Some(llm) = llm {
            llm
        } else {
            let model = run(described.model()).await?;
            Python::attach(|py| model.into_object(py))?
        };
        Python::attach(|py| described.assistant(py, llm))
    }

    /// The assistant of a journal that `record` made: the same runs give the same events, without model, tools or network.
    ///
    /// Raises:
    ///     CorruptError: the journal is cut or damaged; the text names the line.
    ///     DivergedError: from a run that asks for something else than the recorded one did.
    #[staticmethod]
    #[pyo3(signature = (path: "str | PathLike[str]"))]
    fn replay(py: Python<'_>, path: PathBuf) -> PyResult<Py<Self>> {
        let core = py.detach(|| rushlight::Assistant::replay(path)).map_err(raised)?;
        Py::new(py, Self::with_base(core, Toolbox::new(), py.None()))
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
}
