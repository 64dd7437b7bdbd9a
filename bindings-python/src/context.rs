use std::collections::BTreeSet;

use pyo3::prelude::*;
use tokio::time::Instant;

use crate::request::scopes;

/// For which run a function is called: a parameter of this type, of a tool, an approver or a function of `choices`, gets it, and the
/// model is not told of it.
///
/// ```python
/// @tool
/// def orders(context: ToolContext) -> list[str]:
///     return orders_of(context.session)
/// ```
#[pyclass(frozen, module = "rushlight")]
pub(crate) struct ToolContext {
    core: rushlight::ToolContext,
}

impl ToolContext {
    pub(crate) fn of(core: &rushlight::ToolContext) -> Self {
        Self { core: core.clone() }
    }
}

#[pymethods]
impl ToolContext {
    /// A context as a run would give it, for tests of functions that take one.
    #[new]
    #[pyo3(signature = (session = None, scopes: "Sequence[str] | None" = None))]
    fn new(session: Option<String>, scopes: Option<&Bound<'_, PyAny>>) -> PyResult<Self> {
        let mut core = rushlight::ToolContext::new();
        core.session = session;
        core.scopes = scopes.map(self::scopes).transpose()?.unwrap_or_default();
        Ok(Self { core })
    }

    /// The conversation of the run, if it belongs to one.
    #[getter]
    fn session(&self) -> Option<&str> {
        self.core.session.as_deref()
    }

    /// The conversation for which it was begun, by a tool or a hand-off of another run.
    #[getter]
    fn on_behalf_of(&self) -> Option<&str> {
        self.core.on_behalf_of.as_deref()
    }

    /// What the run was granted; see `grants`.
    #[getter]
    fn scopes(&self) -> BTreeSet<String> {
        self.core.scopes.clone()
    }

    /// Seconds until tools are stopped, so that the run has time for its last answer; None if nothing limits it.
    #[getter]
    fn time_left(&self) -> Option<f64> {
        let deadline = self.core.deadline?;
        Some(deadline.saturating_duration_since(Instant::now()).as_secs_f64())
    }

    /// Whether a scope was granted: by its name, or by a beginning of it that ends with `*`.
    fn grants(&self, scope: &str) -> bool {
        self.core.grants(scope)
    }

    fn __repr__(&self) -> String {
        let session =
            self.core.session.as_deref().map_or("None".to_owned(), |session| format!("{session:?}"));
        format!("<rushlight.ToolContext session={session} scopes={:?}>", self.core.scopes)
    }
}
