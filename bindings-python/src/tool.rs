use std::path::PathBuf;
use std::sync::Arc;

use pyo3::prelude::*;
use pyo3::types::PyDict;
use rushlight::tools::builtin::{self, AllowedCommand};
use rushlight::{FunctionTool, Result, Tool, Toolbox};

use crate::approval::PythonApprover;
use crate::callback::of_caller;
use crate::convert::{Json, duration, from_keywords, not_picklable};
use crate::error::{invalid, raised};
use crate::function::PythonTool;
use crate::mcp::McpTools;
use crate::retriever;
use crate::runtime::Unlocked;

/// A tool that ships with rushlight, or an assistant as one, for `Assistant(tools=[…])`. Made by the functions of
/// `rushlight.tools`, and by `Assistant.as_tool`.
#[pyclass(frozen, module = "rushlight.tools")]
pub(crate) struct BuiltinTool {
    core: Unlocked<Arc<dyn Tool>>,
}

impl BuiltinTool {
    fn new(made: Result<FunctionTool>) -> PyResult<Self> {
        made.map(Self::of).map_err(raised)
    }

    pub(crate) fn of(tool: impl Tool) -> Self {
        Self { core: Unlocked::new(Arc::new(tool)) }
    }

    /// The tool for a toolbox.
    pub(crate) fn shared(&self) -> Arc<dyn Tool> {
        Arc::clone(&self.core)
    }
}

#[pymethods]
impl BuiltinTool {
    /// The name that the model uses.
    #[getter]
    fn name(&self) -> &str {
        &self.core.spec().name
    }

    /// What the model is told about it.
    #[getter]
    fn description(&self) -> &str {
        &self.core.spec().description
    }

    /// The arguments as a JSON Schema (2020-12) of type `object`.
    #[getter]
    fn parameters(&self) -> Json {
        Json(self.core.spec().parameters.clone())
    }

    /// Seconds that one call may run; None leaves it to the assistant.
    #[getter]
    fn timeout(&self) -> Option<f64> {
        self.core.policy().timeout.map(|timeout| timeout.as_secs_f64())
    }

    fn __repr__(&self) -> String {
        format!("<rushlight.tools.BuiltinTool '{}'>", self.name())
    }

    #[pyo3(signature = () -> "NoReturn")]
    fn __reduce__(slf: &Bound<'_, Self>) -> PyResult<Py<PyAny>> {
        not_picklable(slf)
    }
}

/// The toolbox of what `tools` lists.
pub(crate) fn toolbox(
    tools: &[Bound<'_, PyAny>],
    timeout: Option<f64>,
    approver: Option<&Bound<'_, PyAny>>,
) -> PyResult<Toolbox> {
    let mut toolbox = Toolbox::new().call_scope(of_caller);
    if let Some(seconds) = timeout {
        toolbox = toolbox.timeout(duration("tool_timeout", seconds)?);
    }
    if let Some(approver) = approver {
        toolbox = toolbox.approver(PythonApprover::new(approver)?);
    }
    tools.iter().try_fold(toolbox, add)
}

/// The toolbox with what an item of `tools` is.
fn add(toolbox: Toolbox, item: &Bound<'_, PyAny>) -> PyResult<Toolbox> {
    let added = if let Ok(tool) = item.cast::<BuiltinTool>() {
        toolbox.add(tool.get().shared())
    } else if let Ok(server) = item.cast::<McpTools>() {
        server.get().tools().into_iter().try_fold(toolbox, Toolbox::add)
    } else {
        toolbox.add(PythonTool::new(item)?)
    };
    added.map_err(raised)
}

/// The tool `calculate`: the value of an arithmetic expression with `+ - * / % ^`, parentheses and the functions
/// `min`, `max`, `abs`, `round`, `sqrt` and `pow`.
///
/// Whole numbers are exact up to 38 digits; others, and larger ones, have 15 digits. It can do nothing but arithmetic.
#[pyfunction]
pub(crate) fn calculate() -> PyResult<BuiltinTool> {
    BuiltinTool::new(Ok(builtin::calculate()))
}

/// The tool `current_time`: date, time and weekday in a time zone that has a name. It reads the clock of this machine.
///
/// Args:
///     zone: the time zone of calls that name none; default `UTC`
#[pyfunction]
#[pyo3(signature = (**options: "Unpack[CurrentTimeOptions]"))]
pub(crate) fn current_time(options: Option<&Bound<'_, PyDict>>) -> PyResult<BuiltinTool> {
    BuiltinTool::new(builtin::current_time(from_keywords(options, &[])?))
}

/// The tool `read_file`: the text of a file below a folder, or a range of its lines.
///
/// It can read nothing outside of the folder, neither by `..`, an absolute path nor a link, and nothing but regular
/// files with text in UTF-8.
///
/// Args:
///     root: the folder
///     max_file_bytes: larger files are refused; default 1 MiB
///     max_output_bytes: at most this much text is given at once; default 12 KiB
///     hidden: whether files and folders whose names begin with a dot may be read; default False
///     list_files: up to so many files are listed for each run, and no other path can be asked for: small models do not invent one
///         then; where there are more, none is listed, nor are files that ignore files name; default 0: any path
#[pyfunction]
#[pyo3(signature = (root: "str | PathLike[str]", **options: "Unpack[ReadFileOptions]"))]
pub(crate) fn read_file(root: PathBuf, options: Option<&Bound<'_, PyDict>>) -> PyResult<BuiltinTool> {
    BuiltinTool::new(builtin::read_file(root, from_keywords(options, &[])?))
}

/// The tool `search_code`: lines of the text files below a folder that hold a text or match a regular expression.
///
/// Files that `.gitignore` names are left out; the same files give the same output. It can show nothing outside of the
/// folder.
///
/// Args:
///     root: the folder
///     max_hits: at most this many lines are found; default 50
///     context_lines: lines that are shown before and after each; default 1
///     max_output_bytes: at most about this much text is given; default 12 KiB
///     max_file_bytes: larger files are not searched; default 1 MiB
///     hidden: whether files and folders whose names begin with a dot are searched; default False
#[pyfunction]
#[pyo3(signature = (root: "str | PathLike[str]", **options: "Unpack[SearchCodeOptions]"))]
pub(crate) fn search_code(root: PathBuf, options: Option<&Bound<'_, PyDict>>) -> PyResult<BuiltinTool> {
    BuiltinTool::new(builtin::search_code(root, from_keywords(options, &[])?))
}

/// The tool `run_command`: runs an allowed program with allowed arguments in a folder, without a shell, and gives its
/// exit code and what it wrote.
///
/// An allowed command is a dict: `program`, a name on `PATH` or an absolute path; `arguments`, a regular expression for
/// each argument as a whole; and `more`, one for all further arguments, of which there are none without it. An argument
/// that begins with `-` matches only a pattern that begins with `-`. When its time is over, or nobody waits for it any more,
/// a process ends with all that it started.
///
/// Args:
///     dir: the folder in which programs run
///     commands: what may be run
///     environment: variables of this process that programs get, for example `PATH`; default none
///     timeout: seconds that one may run; default 10
///     max_output_bytes: how much is given of each of its two outputs; default 6 KiB
///     dry_run: whether nothing is started and the output says what would be; default False
#[pyfunction]
#[pyo3(signature = (dir: "str | PathLike[str]", commands: "Sequence[AllowedCommand]", **options: "Unpack[RunCommandOptions]"))]
pub(crate) fn run_command(
    dir: PathBuf,
    commands: Json,
    options: Option<&Bound<'_, PyDict>>,
) -> PyResult<BuiltinTool> {
    let commands: Vec<AllowedCommand> =
        serde_json::from_value(commands.0).map_err(|error| invalid("commands", error.to_string()))?;
    BuiltinTool::new(builtin::run_command(dir, commands, from_keywords(options, &["timeout"])?))
}

/// The tool `search_knowledge`: the passages that a retriever finds for a question, each with its source, as JSON.
///
/// Args:
///     retriever: where passages come from: a `KnowledgeBase`, what its method `retriever` gives, or any object with a
///         method `retrieve(question, k)`
///     name: the name that the model uses; default `search_knowledge`
///     description: what the model is told about it
///     k: passages of a call that does not say how many; default 5
///     max_k: at most this many passages, also where more are asked for; default 10
///     filter: which passages may be found; default all
///     max_output_bytes: passages that do not fit into this much output are left out; default 12 KiB
#[pyfunction]
#[pyo3(signature = (retriever: "Retriever", **options: "Unpack[SearchKnowledgeOptions]"))]
pub(crate) fn search_knowledge(
    retriever: &Bound<'_, PyAny>,
    options: Option<&Bound<'_, PyDict>>,
) -> PyResult<BuiltinTool> {
    BuiltinTool::new(builtin::search_knowledge(retriever::shared(retriever)?, from_keywords(options, &[])?))
}

/// The tool `fetch_page`: the readable text of one web page, as JSON.
///
/// It connects to public addresses alone, also after redirects, unless a host is allowed by name, and keeps to
/// `robots.txt`. An address can carry what the model knows to whoever owns its host: `hosts` says which it may ask.
///
/// Args:
///     hosts: the only hosts whose pages are fetched, each by its whole name; default all
///     allowed_hosts: hosts whose addresses need not be public, as `localhost`
///     max_bytes: larger pages are refused; default 8 MiB
///     max_output_bytes: text beyond this is left out; default 12 KiB
///     max_redirects: redirects that are followed; default 5
///     timeout: seconds for one page; default 3
///     user_agent: who asks; default `rushlight/` and the version
#[pyfunction]
#[pyo3(signature = (**options: "Unpack[FetchPageOptions]"))]
pub(crate) fn fetch_page(options: Option<&Bound<'_, PyDict>>) -> PyResult<BuiltinTool> {
    BuiltinTool::new(builtin::fetch_page(from_keywords(options, &["timeout"])?))
}
