//! Tools of other programs, by the Model Context Protocol.

use std::collections::BTreeMap;

use pyo3::prelude::*;
use pyo3::types::{PyDict, PyTuple};
use rushlight_mcp::{McpEndpoint, McpTool, McpToolsOptions};

use crate::convert::{Json, from_keywords, not_picklable};
use crate::error::invalid;
use crate::runtime::{Unlocked, run, wait};

/// The tools of a server of the Model Context Protocol, for `Assistant(tools=[…])`.
///
/// What the server says is data. A tool whose description or schema cannot be used is `refused`, and the others stay.
/// Arguments are validated here before they are sent. An assistant has the tools that were listed when it was made.
///
/// ```python
/// with McpTools.connect({"command": "python3", "args": ["server.py"]}) as tools:
///     print(Assistant(llm, tools=[tools]).run("What is 2 + 2?").text)
/// ```
#[pyclass(frozen, module = "rushlight")]
pub(crate) struct McpTools {
    core: Unlocked<rushlight_mcp::McpTools>,
}

impl McpTools {
    /// The tools for a toolbox.
    pub(crate) fn tools(&self) -> Vec<McpTool> {
        self.core.tools()
    }

    fn closing(&self) -> impl Future<Output = rushlight::Result<()>> + Send + use<> {
        let tools = self.core.clone();
        async move {
            tools.close().await;
            Ok(())
        }
    }
}

/// Where the server is, and which of its tools are taken.
fn given(server: Json, options: Option<&Bound<'_, PyDict>>) -> PyResult<(McpEndpoint, McpToolsOptions)> {
    let unexpected = |_| {
        invalid(
            "server",
            "expected a dict with `command` and maybe `args`, `env` and `cwd`, or one with `url` and maybe `headers`",
        )
    };
    let endpoint = serde_json::from_value(server.0).map_err(unexpected)?;
    Ok((endpoint, from_keywords(options, &["connect_timeout"])?))
}

#[expect(clippy::unused_async, reason = "Python awaits these methods")]
#[pymethods]
impl McpTools {
    /// Connects to a server and lists its tools.
    ///
    /// Args:
    ///     server: a program that is started without a shell, as `{"command": "python3", "args": ["server.py"]}` with maybe
    ///         `env` and `cwd`; or a server that runs, as `{"url": "http://127.0.0.1:8000/mcp"}` with maybe `headers`. A
    ///         program gets none of our environment but what every program needs, such as `PATH`
    ///     prefix: what the names of the tools begin with here; default nothing
    ///     allow: the tools that are taken, by the server's names; default all
    ///     policy: what keeps the calls of each tool in check; default a `timeout` of 30 seconds and a `concurrency` of 10
    ///     connect_timeout: seconds that connecting and listing the tools may take; default 30
    ///
    /// Raises:
    ///     IoError: the program cannot be started.
    ///     TimeoutError: the server does not answer in time.
    ///     UnknownError: an allowed tool is not there.
    ///     ForeignError: the server refuses, ends or is not one of this protocol.
    #[staticmethod]
    #[pyo3(signature = (server: "McpEndpoint", **options: "Unpack[McpToolsOptions]"))]
    fn connect(py: Python<'_>, server: Json, options: Option<&Bound<'_, PyDict>>) -> PyResult<Self> {
        let (endpoint, options) = given(server, options)?;
        Ok(Self { core: Unlocked::new(wait(py, rushlight_mcp::McpTools::connect(endpoint, options))?) })
    }

    /// As `connect`, from async code.
    #[staticmethod]
    #[pyo3(signature = (server: "McpEndpoint", **options: "Unpack[McpToolsOptions]"))]
    async fn aconnect(server: Json, options: Option<Py<PyDict>>) -> PyResult<Self> {
        let (endpoint, options) =
            Python::attach(|py| given(server, options.as_ref().map(|options| options.bind(py))))?;
        Ok(Self { core: Unlocked::new(run(rushlight_mcp::McpTools::connect(endpoint, options)).await?) })
    }

    /// The names of the tools as the model uses them, in the server's order.
    #[getter]
    fn names(&self) -> Vec<String> {
        self.core.tools().iter().map(|tool| rushlight::Tool::spec(tool).name.clone()).collect()
    }

    /// The tools that the server lists and that cannot be used, each with the reason.
    #[getter]
    fn refused(&self) -> BTreeMap<String, String> {
        self.core.refused().into_iter().map(|tool| (tool.name, tool.reason)).collect()
    }

    /// The revision of the protocol that is spoken, for example `2026-07-28`.
    #[getter]
    fn protocol_version(&self) -> String {
        self.core.protocol_version()
    }

    /// Ends the connection, and a program that was started for it. Calls that run fail, and later ones.
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

    fn __repr__(&self) -> String {
        format!("<rushlight.McpTools {:?}>", self.names())
    }

    #[pyo3(signature = () -> "NoReturn")]
    fn __reduce__(slf: &Bound<'_, Self>) -> PyResult<Py<PyAny>> {
        not_picklable(slf)
    }
}
