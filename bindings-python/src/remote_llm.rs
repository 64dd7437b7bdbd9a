use pyo3::prelude::*;
use pyo3::types::PyDict;
use rushlight::Llm;

use crate::convert::{from_keywords, not_picklable};
use crate::error::raised;

/// A model behind a server that speaks OpenAI's protocol for chat completions (`POST /chat/completions`), as vLLM,
/// llama.cpp, mistral.rs, Ollama and most clouds do.
///
/// What the server refuses is an `InvalidError`, an `UnknownError` (404), a `ContextTooLongError`, a `TimeoutError`, or else a
/// `ModelError`, whose `retryable` says whether it may pass. Leaving a run closes the connection.
#[pyclass(frozen, module = "rushlight")]
pub(crate) struct RemoteLlm {
    pub(crate) core: rushlight::RemoteLlm,
}

#[pymethods]
impl RemoteLlm {
    /// A model of a server. Nobody is asked yet.
    ///
    /// Args:
    ///     url: where the server is, for example `http://127.0.0.1:8000/v1`
    ///     model: the model's name there
    ///     api_key: goes with every request as a bearer token; default none
    ///     headers: further headers of every request, by name; their values are never shown
    ///     extra: further fields of every request, as `reasoning_effort`
    ///     dialect: what the server understands beside what all do: `common` (the default) has no word for `top_k`, `min_p`
    ///         and `repetition_penalty`, which must stay at their defaults; `open_ai` is for OpenAI's own service, and
    ///         `extended`, which has all words, for vLLM, llama.cpp, mistral.rs and the like
    ///     context_window: tokens that prompt and answer may have together, of four bytes each; default 32 768
    ///     timeout: seconds that a generation may take; default 300
    ///     idle_timeout: seconds that the server may be silent, before the first piece and between two; default 60
    ///     retries: how often a request is sent again that found no server, or one that cannot answer now; default 2
    ///
    /// Raises:
    ///     InvalidError: the URL is not of HTTP, or an option is out of its range or not known.
    #[new]
    #[pyo3(signature = (url, model, **options: "Unpack[RemoteLlmOptions]"))]
    fn new(url: &str, model: &str, options: Option<&Bound<'_, PyDict>>) -> PyResult<Self> {
        let options = from_keywords(options, &["timeout", "idle_timeout"])?;
        Ok(Self { core: rushlight::RemoteLlm::new(url, model, options).map_err(raised)? })
    }

    /// The model's identity: its name and where it is.
    #[getter]
    fn name(&self) -> &str {
        self.core.name()
    }

    /// How many tokens prompt and answer may have together.
    #[getter]
    fn context_window(&self) -> usize {
        self.core.context_window()
    }

    /// About how many tokens a text has: one for four bytes, since nobody here knows the model's own.
    fn count_tokens(&self, text: &str) -> PyResult<usize> {
        self.core.count_tokens(text).map_err(raised)
    }

    fn __repr__(&self) -> String {
        format!("RemoteLlm({:?})", self.core.name())
    }

    #[pyo3(signature = () -> "NoReturn")]
    fn __reduce__(slf: &Bound<'_, Self>) -> PyResult<Py<PyAny>> {
        not_picklable(slf)
    }
}
