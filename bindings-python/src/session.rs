use pyo3::prelude::*;
use rushlight::SessionStore;
use rushlight::session::MemorySessionsOptions;

use crate::convert::{Json, duration, json_of, not_picklable};
use crate::runtime::{run, wait};

/// Conversations in this process's memory.
#[pyclass(frozen, module = "rushlight")]
pub(crate) struct MemorySessions {
    pub(crate) core: rushlight::MemorySessions,
}

impl MemorySessions {
    fn forgetting(&self, session: String) -> impl Future<Output = rushlight::Result<()>> + use<> {
        let sessions = self.core.clone();
        async move { sessions.forget(&session).await }
    }
}

#[pymethods]
impl MemorySessions {
    /// A store with these bounds.
    ///
    /// Args:
    ///     max_sessions: sessions that are kept; the one unused for longest goes first; default 10 000
    ///     idle: seconds after which an unused session is gone; default 1 hour
    #[new]
    #[pyo3(signature = (*, max_sessions = None, idle = None))]
    fn new(max_sessions: Option<usize>, idle: Option<f64>) -> PyResult<Self> {
        let mut options = MemorySessionsOptions::default();
        options.max_sessions = max_sessions.unwrap_or(options.max_sessions);
        if let Some(seconds) = idle {
            options.idle = duration("idle", seconds)?;
        }
        Ok(Self { core: rushlight::MemorySessions::with_options(options) })
    }

    /// The messages of a session in their JSON form, oldest first; none for an unknown session.
    #[pyo3(signature = (session) -> "list[dict[str, Any]]")]
    fn load(&self, py: Python<'_>, session: String) -> PyResult<Json> {
        let sessions = self.core.clone();
        json_of(&wait(py, async move { sessions.load(&session).await })?)
    }

    /// Removes a conversation.
    fn forget(&self, py: Python<'_>, session: String) -> PyResult<()> {
        wait(py, self.forgetting(session))
    }

    /// Removes a conversation, from async code.
    async fn aforget(&self, session: String) -> PyResult<()> {
        run(self.forgetting(session)).await
    }

    #[pyo3(signature = () -> "NoReturn")]
    fn __reduce__(slf: &Bound<'_, Self>) -> PyResult<Py<PyAny>> {
        not_picklable(slf)
    }
}
