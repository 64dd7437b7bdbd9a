use std::path::PathBuf;
use std::sync::Arc;

use pyo3::prelude::*;
use rushlight::Toolbox;

use crate::agent::Agent;
use crate::convert::{Json, json_of};
use crate::error::raised;
use crate::runtime::{Unlocked, run, wait};
use crate::session::MemorySessions;
use crate::tool::toolbox;
use crate::{cache, llm, options, retriever};

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

/// The name, description and core of a `rushlight.HandOff`.
fn hand_off(given: &Bound<'_, PyAny>) -> PyResult<(String, String, Arc<dyn rushlight::Agent>)> {
    let (name, description, agent): (String, String, PyRef<'_, Agent>) = given.extract()?;
    Ok((name, description, agent.shared()))
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
    ///     hand_offs: agents to which the model may hand the conversation over, by a tool `transfer_to_NAME`: they go on with
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
    ) -> PyResult<PyClassInitializer<Self>> {
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
        Ok(Self::with_base(builder.build().map_err(raised)?, toolbox, llm.unbind()))
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
