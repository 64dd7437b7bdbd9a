use std::path::PathBuf;

use pyo3::prelude::*;
use pyo3::types::PyDict;
use rushlight::llm::{EvictionPriority, LocalLlmOptions, ModelRegistryOptions};

use crate::convert::{from_name, name_of, not_picklable, repr};
use crate::error::raised;
use crate::llm::{LocalLlm, attached_options, local_options};
use crate::runtime::{run, wait};

/// Models by name that share a budget of memory.
///
/// A model is loaded when it is first asked something, and stays until it is idle for as long as its options say, or until
/// another one needs its memory: then models of low priority go first. One that answers, or is pinned, never goes. What
/// was unloaded is loaded again when it is asked the next time.
#[pyclass(frozen, module = "rushlight")]
pub(crate) struct ModelRegistry {
    core: rushlight::ModelRegistry,
}

/// A model of a `ModelRegistry`.
#[pyclass(frozen, eq, get_all, module = "rushlight")]
#[derive(Clone, PartialEq)]
pub(crate) struct RegisteredModel {
    /// The name under which it was added.
    name: String,
    /// Whether it is in memory.
    is_loaded: bool,
    /// The bytes that it takes when it is, by the estimate.
    memory_bytes: u64,
    /// `low`, `normal` or `high`: `low` is unloaded first.
    priority: String,
}

#[pymethods]
impl RegisteredModel {
    #[classattr]
    #[pyo3(name = "__match_args__")]
    const MATCH_ARGS: (&'static str, &'static str, &'static str, &'static str) =
        ("name", "is_loaded", "memory_bytes", "priority");

    fn __repr__(slf: &Bound<'_, Self>) -> PyResult<String> {
        repr(slf)
    }
}

async fn add(
    core: rushlight::ModelRegistry,
    name: String,
    name_or_path: PathBuf,
    options: LocalLlmOptions,
    priority: EvictionPriority,
) -> rushlight::Result<LocalLlm> {
    core.add(name, &name_or_path.to_string_lossy(), options, priority).await.map(LocalLlm::of)
}

#[pymethods]
impl ModelRegistry {
    /// A registry without models.
    ///
    /// Args:
    ///     memory_budget: bytes that all loaded models may take together; by default three quarters of the memory that is
    ///         free
    #[new]
    #[pyo3(signature = (*, memory_budget = None))]
    fn new(memory_budget: Option<usize>) -> Self {
        let mut options = ModelRegistryOptions::default();
        options.memory_budget = memory_budget;
        Self { core: rushlight::ModelRegistry::new(options) }
    }

    /// Adds a model; reads its header and loads nothing.
    ///
    /// Args:
    ///     name: what it is called here
    ///     name_or_path: a name that `models` lists, or the path of a GGUF file
    ///     priority: `low`, `normal` or `high`: of what may go, low is unloaded first
    ///     options: those of `LocalLlm`
    #[pyo3(signature = (name, name_or_path: "str | PathLike[str]", *, priority: "Literal['low', 'normal', 'high']" = "normal", **options: "Unpack[LocalLlmOptions]"))]
    fn add(
        &self,
        py: Python<'_>,
        name: String,
        name_or_path: PathBuf,
        priority: &str,
        options: Option<&Bound<'_, PyDict>>,
    ) -> PyResult<LocalLlm> {
        let priority = from_name("priority", priority)?;
        wait(py, add(self.core.clone(), name, name_or_path, local_options(options)?, priority))
    }

    /// Does the same as `add` from async code.
    #[pyo3(signature = (name, name_or_path: "str | PathLike[str]", *, priority: "Literal['low', 'normal', 'high']" = "normal".to_owned(), **options: "Unpack[LocalLlmOptions]") -> "LocalLlm")]
    async fn aadd(
        &self,
        name: String,
        name_or_path: PathBuf,
        priority: String,
        options: Option<Py<PyDict>>,
    ) -> PyResult<LocalLlm> {
        let (options, priority) = (attached_options(options.as_ref())?, from_name("priority", &priority)?);
        run(add(self.core.clone(), name, name_or_path, options, priority)).await
    }

    /// The model of this name, loaded or not.
    ///
    /// Raises:
    ///     UnknownError: none was added under this name.
    fn get(&self, name: &str) -> PyResult<LocalLlm> {
        self.core.get(name).map(LocalLlm::of).map_err(raised)
    }

    /// The models in the order in which they were added.
    fn models(&self) -> PyResult<Vec<RegisteredModel>> {
        let described = self.core.models().into_iter().map(|model| {
            let priority = name_of(&model.priority)?;
            let (name, is_loaded, memory_bytes) = (model.name, model.is_loaded, model.memory_bytes);
            Ok(RegisteredModel { name, is_loaded, memory_bytes, priority })
        });
        described.collect()
    }

    /// The bytes that all loaded models may take together.
    #[getter]
    fn memory_budget(&self) -> u64 {
        self.core.memory_budget()
    }

    fn __repr__(&self) -> String {
        let names: Vec<String> = self.core.models().into_iter().map(|model| model.name).collect();
        format!("ModelRegistry({names:?})")
    }

    #[pyo3(signature = () -> "NoReturn")]
    fn __reduce__(slf: &Bound<'_, Self>) -> PyResult<Py<PyAny>> {
        not_picklable(slf)
    }
}
