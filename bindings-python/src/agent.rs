use std::time::Duration;

use pyo3::prelude::*;
use rushlight::{AgentExt, Request, Toolbox};

use crate::answer::Answer;
use crate::callback::{PythonTool, of_caller};
use crate::convert::{Json, duration, from_name, json_of, not_picklable};
use crate::error::raised;
use crate::runtime::{Unlocked, run, wait};
use crate::session::MemorySessions;
use crate::stream::{AsyncEventStream, EventStream};
use crate::{cache, llm, options, retrieval};

/// The agent that rushlight ships: answers from documents, with tools, a memory and a cache.
///
/// It may be used from any thread and any event loop, and by many at once.
#[pyclass(frozen, module = "rushlight")]
pub(crate) struct Assistant {
    core: Unlocked<rushlight::Assistant>,
    /// Outlives `core`, whose handle of the model is then never the last: that one ends on a thread of its own.
    _llm: Py<PyAny>,
}

fn toolbox(tools: &[Bound<'_, PyAny>], timeout: Option<f64>) -> PyResult<Toolbox> {
    let timeout: Option<Duration> = timeout.map(|seconds| duration("tool_timeout", seconds)).transpose()?;
    let mut toolbox = Toolbox::new().call_scope(of_caller);
    for tool in tools {
        toolbox = toolbox.add(PythonTool::new(tool)?).map_err(raised)?;
    }
    Ok(match timeout {
        Some(timeout) => toolbox.timeout(timeout),
        None => toolbox,
    })
}

fn request(question: String, session: Option<String>, priority: Option<&str>) -> PyResult<Request> {
    let mut request = Request::new(question);
    request.session = session;
    if let Some(priority) = priority {
        request.priority = from_name("priority", priority)?;
    }
    Ok(request)
}

impl Assistant {
    fn answering(&self, request: Request) -> impl Future<Output = rushlight::Result<Answer>> + use<> {
        let assistant = rushlight::Assistant::clone(&self.core);
        async move { assistant.ask(request).await.map(|core| Answer { core }) }
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
    ///     tools: functions that the model may call, decorated with `tool` or not
    ///     retriever: answers rest on the passages that it finds: a `KnowledgeBase`, or any object with a
    ///         method `retrieve(question, k)` that gives passages
    ///     cache: answers are kept here and given again: a `MemoryCache`, or any object with the methods
    ///         `get(key)`, `put(key, value)` and `remove(key)` for bytes
    ///     sessions: remembers conversations
    ///     sampling: how the model chooses tokens: a `Sampling` or a dict of its fields
    ///     limits: what one run may spend: `Limits` or a dict of its fields
    ///     tool_timeout: seconds that each tool may run that has no timeout of its own; default 5
    ///     cache_tool_answers: keeps answers that needed tools, too
    #[new]
    #[pyo3(signature = (
        llm: "LocalLlm | ScriptedLlm | Llm", *,
        instructions = None,
        tools: "Sequence[Tool[..., Any] | Callable[..., Any]]" = Vec::new(),
        retriever: "Retriever | None" = None,
        cache: "MemoryCache | Cache | None" = None,
        sessions = None,
        sampling: "Sampling | Mapping[str, Any] | None" = None,
        limits: "Limits | Mapping[str, Any] | None" = None,
        tool_timeout = None,
        cache_tool_answers = false,
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
        cache_tool_answers: bool,
    ) -> PyResult<Self> {
        let mut builder = rushlight::Assistant::builder(llm::shared(&llm)?);
        if let Some(instructions) = instructions {
            builder = builder.instructions(instructions);
        }
        if !tools.is_empty() {
            builder = builder.tools(toolbox(&tools, tool_timeout)?);
        }
        if let Some(retriever) = retriever {
            builder = builder.retriever(retrieval::shared(&retriever)?);
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
        if cache_tool_answers {
            builder = builder.cache_tool_answers();
        }
        let core = Unlocked::new(builder.build().map_err(raised)?);
        Ok(Self { core, _llm: llm.unbind() })
    }

    /// The answer to a question, after the whole run. Ctrl-C stops it.
    ///
    /// Args:
    ///     question: the question; must not be blank
    ///     session: the conversation that it belongs to; none for a question on its own
    ///     priority: which runs go first at the model when not all can: `low`, `normal` (the default) or `high`
    #[pyo3(signature = (question, *, session = None, priority: "Literal['low', 'normal', 'high'] | None" = None))]
    fn run(
        &self,
        py: Python<'_>,
        question: String,
        session: Option<String>,
        priority: Option<&str>,
    ) -> PyResult<Answer> {
        wait(py, self.answering(request(question, session, priority)?))
    }

    /// The answer to a question, from async code. Cancelling the task stops the run.
    #[pyo3(signature = (question, *, session = None, priority: "Literal['low', 'normal', 'high'] | None" = None))]
    async fn arun(
        &self,
        question: String,
        session: Option<String>,
        priority: Option<String>,
    ) -> PyResult<Answer> {
        run(self.answering(request(question, session, priority.as_deref())?)).await
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
    #[pyo3(signature = (question, *, session = None, priority: "Literal['low', 'normal', 'high'] | None" = None))]
    fn stream(
        &self,
        question: String,
        session: Option<String>,
        priority: Option<&str>,
    ) -> PyResult<EventStream> {
        let request = request(question, session, priority)?;
        Ok(EventStream::new(rushlight::Assistant::clone(&self.core), request))
    }

    /// The events of a run, from async code.
    ///
    /// The run stops when the task is cancelled, when you leave the `async with` block, call `aclose`, or
    /// let the stream go.
    #[pyo3(signature = (question, *, session = None, priority: "Literal['low', 'normal', 'high'] | None" = None))]
    fn astream(
        &self,
        question: String,
        session: Option<String>,
        priority: Option<&str>,
    ) -> PyResult<AsyncEventStream> {
        let request = request(question, session, priority)?;
        Ok(AsyncEventStream::new(rushlight::Assistant::clone(&self.core), request))
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
