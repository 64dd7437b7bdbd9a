//! Our tools for other programs, by the Model Context Protocol.

use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};

use async_trait::async_trait;
use futures::{StreamExt, stream};
use pyo3::prelude::*;
use pyo3::types::PyTuple;
use rushlight::{EventStream, Request, ToolCall, ToolContext, ToolOutput, ToolRegistry, ToolSpec, Toolbox};
use rushlight_mcp::{AskOptions, McpHttpOptions};

use crate::agent::Agent;
use crate::callback::Caller;
use crate::convert::not_picklable;
use crate::error::invalid;
use crate::request::scopes;
use crate::runtime::{Unlocked, run, wait};
use crate::tool::toolbox;

/// Tools, and an agent as a tool that is asked, for clients of the Model Context Protocol.
///
/// Functions run as they do in an `Assistant`, and their policies hold; async ones run on an event loop of rushlight's own.
/// At most 64 calls run at once, further ones wait.
///
/// ```python
/// McpServer("dice", tools=[roll]).serve_stdio()
/// ```
#[pyclass(frozen, module = "rushlight")]
pub(crate) struct McpServer {
    core: Unlocked<rushlight_mcp::McpServer>,
}

impl McpServer {
    fn over_streams(&self) -> impl Future<Output = rushlight::Result<()>> + Send + use<> {
        self.core.clone().serve_stdio()
    }

    fn over_http(
        &self,
        address: &str,
        token: Option<String>,
    ) -> PyResult<impl Future<Output = rushlight::Result<McpHttpServer>> + Send + use<>> {
        let unexpected = |_| {
            invalid("address", format!("expected an address and a port, as `127.0.0.1:0`, got `{address}`"))
        };
        let mut options = McpHttpOptions::default().address(address.parse().map_err(unexpected)?);
        options.token = token;
        let server = self.core.clone();
        Ok(async move { server.serve_http(options).await.map(McpHttpServer::new) })
    }
}

#[pymethods]
impl McpServer {
    /// A server that offers nothing but what it is given.
    ///
    /// Args:
    ///     name: what clients are told that it is called
    ///     tools: as those of an `Assistant`, in this order
    ///     agent: an assistant or a router that clients may ask, as the last tool. Questions are on their own: no client hears what
    ///         another one asked. Further ones may be among `tools`, by `as_tool`
    ///     agent_name: the name of that tool; default `ask`
    ///     agent_description: what the client's model is told about it; default that it answers questions
    ///     instructions: words to the client's model on how to use all of it
    ///     scopes: what whoever connects is granted, for tools that need scopes
    ///     tool_timeout: seconds that each tool may run that has no timeout of its own; default 5
    ///     approver: decides about calls of tools with `approve`, as that of an `Assistant`
    #[new]
    #[pyo3(signature = (
        name, *,
        tools: "Sequence[Tool[..., Any] | Callable[..., Any] | BuiltinTool | McpTools]" = Vec::new(),
        agent = None,
        agent_name = None,
        agent_description = None,
        instructions = None,
        scopes: "Collection[str] | None" = None,
        tool_timeout = None,
        approver: "Approver | None" = None,
    ))]
    #[expect(clippy::too_many_arguments, reason = "keyword arguments are Python's options object")]
    fn new(
        py: Python<'_>,
        name: String,
        tools: Vec<Bound<'_, PyAny>>,
        agent: Option<Py<Agent>>,
        agent_name: Option<String>,
        agent_description: Option<String>,
        instructions: Option<String>,
        scopes: Option<Bound<'_, PyAny>>,
        tool_timeout: Option<f64>,
        approver: Option<Bound<'_, PyAny>>,
    ) -> PyResult<Self> {
        let caller = Caller::sync(py)?;
        let toolbox = toolbox(&tools, tool_timeout, approver.as_ref())?;
        let mut server =
            rushlight_mcp::McpServer::new(name).tools(Offered { part: toolbox, caller: Arc::clone(&caller) });
        if let Some(agent) = agent {
            let mut ask = AskOptions::default();
            ask.name = agent_name.unwrap_or(ask.name);
            ask.description = agent_description.unwrap_or(ask.description);
            server = server.agent(Offered { part: agent, caller }, ask);
        }
        if let Some(instructions) = instructions {
            server = server.instructions(instructions);
        }
        if let Some(granted) = scopes {
            server = server.context(ToolContext::new().scopes(self::scopes(&granted)?));
        }
        Ok(Self { core: Unlocked::new(server) })
    }

    /// Serves the program that started this one, over the standard streams, until it closes our input. Ctrl-C stops it.
    ///
    /// Nothing else may write to standard output meanwhile: `print(…, file=sys.stderr)`, not `print(…)`.
    ///
    /// Raises:
    ///     InvalidError: two tools have one name.
    ///     ForeignError: the client does not speak the protocol.
    fn serve_stdio(&self, py: Python<'_>) -> PyResult<()> {
        wait(py, self.over_streams())
    }

    /// As `serve_stdio`, from async code. Cancelling the task ends the connection.
    async fn aserve_stdio(&self) -> PyResult<()> {
        run(self.over_streams()).await
    }

    /// Starts to serve whoever connects over HTTP, without TLS, and goes on until what it returns is closed or let go.
    ///
    /// Requests of web pages are refused.
    ///
    /// Args:
    ///     address: where to listen; default this machine alone, at a free port
    ///     token: the bearer token that every request has to have; an address that other machines reach needs one
    ///
    /// Raises:
    ///     InvalidError: two tools have one name, or other machines could connect without a token.
    ///     IoError: the address cannot be had.
    #[pyo3(signature = (address = "127.0.0.1:0", *, token = None))]
    fn serve_http(&self, py: Python<'_>, address: &str, token: Option<String>) -> PyResult<McpHttpServer> {
        wait(py, self.over_http(address, token)?)
    }

    /// As `serve_http`, from async code.
    #[pyo3(signature = (address = String::from("127.0.0.1:0"), *, token = None))]
    async fn aserve_http(&self, address: String, token: Option<String>) -> PyResult<McpHttpServer> {
        run(self.over_http(&address, token)?).await
    }

    #[pyo3(signature = () -> "NoReturn")]
    fn __reduce__(slf: &Bound<'_, Self>) -> PyResult<Py<PyAny>> {
        not_picklable(slf)
    }
}

/// A server that listens until it is closed or let go; made by `McpServer.serve_http`.
#[pyclass(frozen, module = "rushlight")]
pub(crate) struct McpHttpServer {
    url: String,
    core: Mutex<Option<rushlight_mcp::McpHttpServer>>,
}

impl McpHttpServer {
    fn new(core: rushlight_mcp::McpHttpServer) -> Self {
        Self { url: core.url(), core: Mutex::new(Some(core)) }
    }

    fn closing(&self) -> impl Future<Output = rushlight::Result<()>> + Send + use<> {
        let core = self.core.lock().unwrap_or_else(PoisonError::into_inner).take();
        async move {
            if let Some(core) = core {
                core.close().await;
            }
            Ok(())
        }
    }
}

#[expect(clippy::unused_async, reason = "Python awaits these methods")]
#[pymethods]
impl McpHttpServer {
    /// What clients are told: `http://127.0.0.1:PORT/mcp`.
    #[getter]
    fn url(&self) -> &str {
        &self.url
    }

    /// Stops listening. Calls that run are dropped.
    fn close(&self, py: Python<'_>) -> PyResult<()> {
        wait(py, self.closing())
    }

    /// As `close`, from async code.
    async fn aclose(&self) -> PyResult<()> {
        run(self.closing()).await
    }

    fn __enter__(slf: Py<Self>) -> Py<Self> {
        slf
    }

    #[pyo3(signature = (*_exception: "object") -> "None")]
    fn __exit__(&self, py: Python<'_>, _exception: &Bound<'_, PyTuple>) -> PyResult<()> {
        self.close(py)
    }

    async fn __aenter__(slf: Py<Self>) -> Py<Self> {
        slf
    }

    #[pyo3(signature = (*_exception: "object") -> "None")]
    async fn __aexit__(&self, _exception: Py<PyTuple>) -> PyResult<()> {
        self.aclose().await
    }

    #[pyo3(signature = () -> "NoReturn")]
    fn __reduce__(slf: &Bound<'_, Self>) -> PyResult<Py<PyAny>> {
        not_picklable(slf)
    }
}

/// A part whose functions belong to whoever offers it: the clients that call have no Python.
struct Offered<T> {
    part: T,
    caller: Arc<Caller>,
}

impl<T: fmt::Debug> fmt::Debug for Offered<T> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("Offered").field("part", &self.part).finish_non_exhaustive()
    }
}

#[async_trait]
#[deny(clippy::missing_trait_methods)]
impl ToolRegistry for Offered<Toolbox> {
    fn specs(&self) -> Vec<ToolSpec> {
        self.part.specs()
    }

    async fn invoke(&self, call: &ToolCall) -> rushlight::Result<ToolOutput> {
        self.invoke_for(call, &ToolContext::new()).await
    }

    async fn specs_for(&self, context: &ToolContext) -> rushlight::Result<Vec<ToolSpec>> {
        Arc::clone(&self.caller).scope(self.part.specs_for(context)).await
    }

    async fn invoke_for(&self, call: &ToolCall, context: &ToolContext) -> rushlight::Result<ToolOutput> {
        Arc::clone(&self.caller).scope(self.part.invoke_for(call, context)).await
    }
}

#[async_trait]
impl rushlight::Agent for Offered<Py<Agent>> {
    async fn run(&self, request: Request) -> rushlight::Result<EventStream> {
        let caller = Arc::clone(&self.caller);
        let agent = self.part.get().shared();
        let mut events = Arc::clone(&caller).scope(agent.run(request)).await?;
        Ok(stream::poll_fn(move |context| caller.enter(|| events.poll_next_unpin(context))).boxed())
    }
}
