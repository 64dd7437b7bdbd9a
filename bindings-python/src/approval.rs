use std::fmt;
use std::sync::Arc;

use async_trait::async_trait;
use pyo3::exceptions::PyTypeError;
use pyo3::intern;
use pyo3::prelude::*;
use pyo3::types::PyBool;
use rushlight::{Approval, Approver, Result};

use crate::callback::call;
use crate::context::ToolContext;
use crate::error::foreign;
use crate::event::ToolCall;

/// A Python function that decides about tool calls.
pub(crate) struct PythonApprover {
    function: Arc<Py<PyAny>>,
}

impl PythonApprover {
    /// Whoever `function` asks.
    pub(crate) fn new(function: &Bound<'_, PyAny>) -> PyResult<Self> {
        if !function.is_callable() {
            let kind = function.get_type().name()?;
            return Err(PyTypeError::new_err(format!("expected a function as `approver`, got `{kind}`")));
        }
        let module = function.py().import(intern!(function.py(), "rushlight._context"))?;
        let function = module.call_method1(intern!(function.py(), "told_of_the_run"), (function,))?;
        Ok(Self { function: Arc::new(function.unbind()) })
    }
}

impl fmt::Debug for PythonApprover {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("PythonApprover")
    }
}

#[async_trait]
impl Approver for PythonApprover {
    async fn approve(
        &self,
        tool_call: &rushlight::ToolCall,
        context: &rushlight::ToolContext,
    ) -> Result<Approval> {
        let (function, asked) = (Arc::clone(&self.function), ToolCall { call: tool_call.clone() });
        let context = ToolContext::of(context);
        let decided = call(move |entry| entry.call1((function.bind(entry.py()), context, asked)), decision);
        decided.await?.map_err(|exception| foreign("the approver", exception))
    }
}

/// What `True`, `False`, a reason or None says.
pub(crate) fn decision(said: &Bound<'_, PyAny>) -> PyResult<Approval> {
    if said.is_none() {
        return Ok(Approval::Pending);
    }
    if let Ok(approved) = said.cast::<PyBool>() {
        let refused = || Approval::refused("no reason was given");
        return Ok(if approved.is_true() { Approval::Approved } else { refused() });
    }
    let kind = said.get_type().name()?;
    let wrong =
        |_| PyTypeError::new_err(format!("expected True, False, a reason as a str or None, got `{kind}`"));
    said.extract::<String>().map(Approval::refused).map_err(wrong)
}
