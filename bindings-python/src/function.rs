//! Functions as tools.

use std::fmt;
use std::sync::Arc;

use async_trait::async_trait;
use pyo3::intern;
use pyo3::prelude::*;
use rushlight::{Choices, Result, Tool, ToolCall, ToolOutput, ToolPolicy, ToolSpec, ToolStatus};
use serde_json::Value;

use crate::callback::{call, call_coroutine};
use crate::context::ToolContext;
use crate::convert::Json;
use crate::error::{Exception, failed, invalid};

/// A `rushlight.Tool` as a tool of the core.
pub(crate) struct PythonTool {
    spec: ToolSpec,
    policy: ToolPolicy,
    tool: Arc<Py<PyAny>>,
    is_coroutine: bool,
    knows_its_run: bool,
    has_version: bool,
    choices: Vec<String>,
}

impl PythonTool {
    /// The tool that `item`, a `rushlight.Tool` or any other callable, describes.
    pub(crate) fn new(item: &Bound<'_, PyAny>) -> PyResult<Self> {
        let py = item.py();
        let tool =
            py.import(intern!(py, "rushlight._tool"))?.getattr(intern!(py, "as_tool"))?.call1((item,))?;
        let Json(parameters) = tool.getattr(intern!(py, "parameters"))?.extract()?;
        let name: String = tool.getattr(intern!(py, "name"))?.extract()?;
        let description: String = tool.getattr(intern!(py, "description"))?.extract()?;
        let Json(policy) = tool.getattr(intern!(py, "policy"))?.extract()?;
        let policy = serde_json::from_value(policy)
            .map_err(|error| invalid(&format!("policy of tool `{name}`"), error.to_string()))?;
        Ok(Self {
            spec: ToolSpec::new(name, description, parameters),
            policy,
            is_coroutine: tool.getattr(intern!(py, "_is_coroutine"))?.extract()?,
            knows_its_run: tool.getattr(intern!(py, "_knows_its_run"))?.extract()?,
            has_version: !tool.getattr(intern!(py, "version"))?.is_none(),
            choices: tool
                .getattr(intern!(py, "choices"))?
                .try_iter()?
                .map(|name| name?.extract())
                .collect::<PyResult<_>>()?,
            tool: Arc::new(tool.unbind()),
        })
    }

    async fn value(&self, call: &ToolCall, context: &rushlight::ToolContext) -> Result<String> {
        let tool = Arc::clone(&self.tool);
        let arguments = Json(call.arguments.clone());
        let context = self.knows_its_run.then(|| ToolContext::of(context));
        let outcome = if self.is_coroutine {
            call_coroutine(
                |py| tool.bind(py).call_method1(intern!(py, "_ainvoke"), (arguments, context)),
                text,
            )
            .await
        } else {
            method(tool, "_invoke", arguments, context).await
        };
        outcome?.map_err(|exception| failed(format!("tool `{}`", self.spec.name), exception))
    }
}

impl fmt::Debug for PythonTool {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("PythonTool").field("spec", &self.spec).finish_non_exhaustive()
    }
}

#[async_trait]
impl Tool for PythonTool {
    fn spec(&self) -> &ToolSpec {
        &self.spec
    }

    async fn invoke(&self, call: &ToolCall) -> Result<String> {
        self.value(call, &rushlight::ToolContext::new()).await
    }

    async fn invoke_for(&self, call: &ToolCall, context: &rushlight::ToolContext) -> Result<ToolOutput> {
        Ok(ToolOutput::new(call, ToolStatus::Success, self.value(call, context).await?))
    }

    async fn version(&self, call: &ToolCall) -> Result<String> {
        if !self.has_version {
            return Ok(String::new());
        }
        let arguments = Json(call.arguments.clone());
        let outcome = method(Arc::clone(&self.tool), "_version", arguments, None);
        outcome.await?.map_err(|exception| failed(format!("version of tool `{}`", self.spec.name), exception))
    }

    fn choices(&self) -> Vec<Choices> {
        self.choices.iter().map(|parameter| choices(&self.tool, parameter)).collect()
    }

    fn policy(&self) -> ToolPolicy {
        self.policy.clone()
    }
}

/// The values that a parameter of a `rushlight.Tool` can have.
fn choices(tool: &Arc<Py<PyAny>>, parameter: &str) -> Choices {
    let (tool, asked) = (Arc::clone(tool), parameter.to_owned());
    Choices::new(parameter, move |context| {
        let (tool, asked) = (Arc::clone(&tool), Json(Value::String(asked.clone())));
        async move {
            let told = method(tool, "_choices", asked, Some(ToolContext::of(&context))).await?;
            let json = told.map_err(Exception)?;
            Ok::<Value, rushlight::error::Source>(serde_json::from_str(&json)?)
        }
    })
}

/// Calls a method of a `rushlight.Tool` that gives text.
async fn method(
    tool: Arc<Py<PyAny>>,
    name: &'static str,
    argument: Json,
    context: Option<ToolContext>,
) -> Result<PyResult<String>> {
    call(move |entry| entry.call1((tool.getattr(entry.py(), name)?, argument, context)), text).await
}

fn text(value: &Bound<'_, PyAny>) -> PyResult<String> {
    value.extract()
}
