use std::path::PathBuf;
use std::sync::Arc;

use pyo3::prelude::*;
use pyo3::types::PyDict;
use rushlight::llm::{self, LocalLlmOptions, ScriptedTurn};
use rushlight::{Llm, Message, Prompt};

use crate::convert::{Json, duration, from_keywords, json_of, not_picklable};
use crate::error::{invalid, raised};
use crate::info::{LoadProgress, MemoryEstimate, ModelInfo};
use crate::own::PythonLlm;
use crate::progress::{Listener, listening};
use crate::remote_llm::RemoteLlm;
use crate::runtime::{Apart, run, wait};

/// A language model on this machine.
///
/// One thread owns the model and computes several runs together; further ones wait in a bounded queue. What prompts
/// begin with is computed once. Nothing is downloaded: see `fetch`.
#[pyclass(frozen, module = "rushlight")]
pub(crate) struct LocalLlm {
    core: Apart<rushlight::LocalLlm>,
}

impl LocalLlm {
    pub(crate) fn of(core: rushlight::LocalLlm) -> Self {
        Self { core: Apart::new(core) }
    }
}

async fn open(
    name_or_path: PathBuf,
    options: LocalLlmOptions,
    listener: Listener,
) -> rushlight::Result<LocalLlm> {
    let work = async |tell: Box<dyn Fn(LoadProgress) + Send + Sync>| {
        let name_or_path = name_or_path.to_string_lossy();
        let progress = move |progress: &llm::LoadProgress<'_>| tell(LoadProgress::of(progress));
        rushlight::LocalLlm::open_with_progress(&name_or_path, options, progress).await.map(LocalLlm::of)
    };
    listening(listener, work, |report| report).await
}

async fn inspect(name_or_path: PathBuf) -> rushlight::Result<ModelInfo> {
    rushlight::LocalLlm::inspect(&name_or_path.to_string_lossy()).await.map(ModelInfo::from)
}

async fn estimate_memory(
    name_or_path: PathBuf,
    options: LocalLlmOptions,
) -> rushlight::Result<MemoryEstimate> {
    let name_or_path = name_or_path.to_string_lossy();
    rushlight::LocalLlm::estimate_memory(&name_or_path, options).await.map(MemoryEstimate::from)
}

/// The options of a model from keyword arguments; times are seconds.
pub(crate) fn local_options(keywords: Option<&Bound<'_, PyDict>>) -> PyResult<LocalLlmOptions> {
    let Some(keywords) = keywords else { return from_keywords(None, &[]) };
    let options = keywords.copy()?;
    if let Some(draft) = options.get_item("draft_model")?.filter(|draft| !draft.is_none()) {
        let path: PathBuf = draft.extract()?;
        options.set_item("draft_model", path.to_string_lossy())?;
    }
    from_keywords(Some(&options), &["unload_after"])
}

/// The same from async code.
pub(crate) fn attached_options(keywords: Option<&Py<PyDict>>) -> PyResult<LocalLlmOptions> {
    Python::attach(|py| local_options(keywords.map(|given| given.bind(py))))
}

impl LocalLlm {
    fn warming(&self, prompt: Json) -> PyResult<impl Future<Output = rushlight::Result<()>> + Send + use<>> {
        let (core, prompt) = (rushlight::LocalLlm::clone(&self.core), beginning(prompt)?);
        Ok(async move { core.warm_up(prompt).await })
    }

    fn saving(
        &self,
        prompt: Json,
        path: PathBuf,
    ) -> PyResult<impl Future<Output = rushlight::Result<usize>> + Send + use<>> {
        let (core, prompt) = (rushlight::LocalLlm::clone(&self.core), beginning(prompt)?);
        Ok(async move { core.save_prefix(prompt, path).await })
    }

    fn loading(&self, path: PathBuf) -> impl Future<Output = rushlight::Result<usize>> + Send + use<> {
        let core = rushlight::LocalLlm::clone(&self.core);
        async move { core.load_prefix(path).await }
    }
}

/// A prompt of these instructions, or of these messages and tools.
fn beginning(Json(prompt): Json) -> PyResult<Prompt> {
    match prompt {
        serde_json::Value::String(instructions) => Ok(Prompt::new(vec![Message::system(instructions)])),
        prompt => serde_json::from_value(prompt).map_err(|error| invalid("prompt", error.to_string())),
    }
}

#[pymethods]
impl LocalLlm {
    /// Opens a model.
    ///
    /// Args:
    ///     name_or_path: a name that `models` lists, or the path of a GGUF file or of a folder with safetensors
    ///     device: where the model computes: `cpu`, `cuda` or `cuda:1`, `metal`, or `auto` (the default): a GPU if one
    ///         is built in, there, and has room; see `devices`
    ///     context: tokens that prompt and answer may have together; what the file says by default
    ///     threads: threads that compute for this model; by default one for each core
    ///     queue: runs that may wait; default 100
    ///     batch: runs that are computed together; default 8
    ///     kv_type: how keys and values are kept: `f16` (the default), `f32` or `q8`
    ///     kv_budget: bytes that the keys and values of all tokens may take, those too that are kept for later prompts;
    ///         by default a quarter of the memory that is free beside the weights, on a GPU of its own
    ///     kv_reuse: what of earlier prompts is used again: `off`, `prefix` (the default: what prompts begin with), or
    ///         `{"chunks": k}`: retrieved passages too, wherever they stand, of which only the first k tokens are
    ///         computed again; answers come sooner and may be worse; a GPU refuses it
    ///     memory_budget: bytes that the model may take of memory, by `estimate_memory`; one that would take more is not
    ///         loaded; by default there is no limit
    ///     unload_after: seconds without a question after which the model's memory is given back; the next question loads
    ///         it again; by default it stays
    ///     tensor_parallel: devices among which each layer is split; there is only one, more are refused
    ///     speculation: whether tokens are guessed from earlier ones of the prompt and the answer, and of the model's earlier
    ///         answers to whomever, and verified together; that changes no text, only when it comes: whoever measures it
    ///         may learn that somebody was answered alike; `kv_reuse="off"` leaves earlier answers out; default true
    ///     draft_model: a small model that guesses where earlier tokens say nothing, by name or path; it has the vocabulary
    ///         of the model and counts against the same budgets
    ///     constrain_calls: whether a call of a tool that the model begins to write is held to the tools' names and parameters,
    ///         so that it cannot be wrong; what it says before and behind is free; default true
    ///     progress: a function, sync or async, that is told how far it is
    ///
    /// Raises:
    ///     UnknownError: no model has this name.
    ///     ModelError: the file is damaged, or the model is not fetched.
    ///     InvalidError: an option is out of its range, or the memory budget is too small.
    #[new]
    #[pyo3(signature = (name_or_path: "str | PathLike[str]", *, progress: "Callable[[LoadProgress], object] | None" = None, **options: "Unpack[LocalLlmOptions]"))]
    fn new(
        py: Python<'_>,
        name_or_path: PathBuf,
        progress: Listener,
        options: Option<&Bound<'_, PyDict>>,
    ) -> PyResult<Self> {
        wait(py, open(name_or_path, local_options(options)?, progress))
    }

    /// Opens a model from async code; see the class.
    #[staticmethod]
    #[pyo3(signature = (name_or_path: "str | PathLike[str]", *, progress: "Callable[[LoadProgress], object] | None" = None, **options: "Unpack[LocalLlmOptions]") -> "LocalLlm")]
    async fn aopen(name_or_path: PathBuf, progress: Listener, options: Option<Py<PyDict>>) -> PyResult<Self> {
        let options = attached_options(options.as_ref())?;
        run(open(name_or_path, options, progress)).await
    }

    /// What a model's file says about it; nothing is loaded.
    #[staticmethod]
    #[pyo3(signature = (name_or_path: "str | PathLike[str]"))]
    fn inspect(py: Python<'_>, name_or_path: PathBuf) -> PyResult<ModelInfo> {
        wait(py, inspect(name_or_path))
    }

    /// Does the same as `inspect` from async code.
    #[staticmethod]
    #[pyo3(signature = (name_or_path: "str | PathLike[str]") -> "ModelInfo")]
    async fn ainspect(name_or_path: PathBuf) -> PyResult<ModelInfo> {
        run(inspect(name_or_path)).await
    }

    /// What a model would take of memory with these options; nothing is loaded.
    #[staticmethod]
    #[pyo3(signature = (name_or_path: "str | PathLike[str]", **options: "Unpack[LocalLlmOptions]"))]
    fn estimate_memory(
        py: Python<'_>,
        name_or_path: PathBuf,
        options: Option<&Bound<'_, PyDict>>,
    ) -> PyResult<MemoryEstimate> {
        wait(py, estimate_memory(name_or_path, local_options(options)?))
    }

    /// Does the same as `estimate_memory` from async code.
    #[staticmethod]
    #[pyo3(signature = (name_or_path: "str | PathLike[str]", **options: "Unpack[LocalLlmOptions]") -> "MemoryEstimate")]
    async fn aestimate_memory(
        name_or_path: PathBuf,
        options: Option<Py<PyDict>>,
    ) -> PyResult<MemoryEstimate> {
        let options = attached_options(options.as_ref())?;
        run(estimate_memory(name_or_path, options)).await
    }

    /// The model's name.
    #[getter]
    fn name(&self) -> &str {
        self.core.name()
    }

    /// How many tokens prompt and answer may have together.
    #[getter]
    fn context_window(&self) -> usize {
        self.core.context_window()
    }

    /// The number of tokens of a text, without special tokens.
    fn count_tokens(&self, py: Python<'_>, text: &str) -> PyResult<usize> {
        py.detach(|| self.core.count_tokens(text)).map_err(raised)
    }

    /// Computes what prompts with these messages and tools begin with, so that the first of them need not.
    ///
    /// Args:
    ///     prompt: instructions, or a dict with `messages` and `tools`, such as `Assistant.beginning` gives
    #[pyo3(signature = (prompt: "str | Mapping[str, Any]"))]
    fn warm_up(&self, py: Python<'_>, prompt: Json) -> PyResult<()> {
        wait(py, self.warming(prompt)?)
    }

    /// As `warm_up`, from async code.
    #[pyo3(signature = (prompt: "str | Mapping[str, Any]"))]
    async fn awarm_up(&self, prompt: Json) -> PyResult<()> {
        run(self.warming(prompt)?).await
    }

    /// Computes what prompts with these messages and tools begin with, and writes it to a file for `load_prefix`.
    ///
    /// The text can be read from the file. A model on a GPU refuses it.
    ///
    /// Args:
    ///     prompt: instructions, or a dict with `messages` and `tools`, such as `Assistant.beginning` gives
    ///     path: the file; what is there is replaced
    ///
    /// Returns:
    ///     The number of its tokens.
    #[pyo3(signature = (prompt: "str | Mapping[str, Any]", path: "str | PathLike[str]"))]
    fn save_prefix(&self, py: Python<'_>, prompt: Json, path: PathBuf) -> PyResult<usize> {
        wait(py, self.saving(prompt, path)?)
    }

    /// As `save_prefix`, from async code.
    #[pyo3(signature = (prompt: "str | Mapping[str, Any]", path: "str | PathLike[str]"))]
    async fn asave_prefix(&self, prompt: Json, path: PathBuf) -> PyResult<usize> {
        run(self.saving(prompt, path)?).await
    }

    /// Takes over what `save_prefix` wrote, so that prompts that begin so need not compute it.
    ///
    /// Returns:
    ///     The number of its tokens.
    ///
    /// Raises:
    ///     InvalidError: it was saved with another model or `kv_type`, or this model computes on a GPU.
    ///     CorruptError: the file is cut short or changed.
    #[pyo3(signature = (path: "str | PathLike[str]"))]
    fn load_prefix(&self, py: Python<'_>, path: PathBuf) -> PyResult<usize> {
        wait(py, self.loading(path))
    }

    /// As `load_prefix`, from async code.
    #[pyo3(signature = (path: "str | PathLike[str]"))]
    async fn aload_prefix(&self, path: PathBuf) -> PyResult<usize> {
        run(self.loading(path)).await
    }

    /// What the model's file says about it.
    #[getter]
    fn info(&self) -> ModelInfo {
        self.core.info().clone().into()
    }

    /// Where the model computes: what `auto` has found when it was loaded the last time, if that was asked for.
    #[getter]
    fn device(&self) -> String {
        self.core.device().to_string()
    }

    /// What the model has done since it was opened: requests, passes and tokens by name.
    #[pyo3(signature = () -> "dict[str, int]")]
    fn stats(&self) -> PyResult<Json> {
        json_of(&self.core.stats())
    }

    /// Whether the model is in memory and what computes it, by name: `is_loaded`, `loads`, `load_ms`, `threads`,
    /// `kernels` (`instructions` and the layout of the `weights`), the name of its `draft_model`,
    /// `kv_budget` and `kv_used`.
    #[pyo3(signature = () -> "dict[str, Any]")]
    fn status(&self) -> PyResult<Json> {
        json_of(&self.core.status())
    }

    /// Gives back the model's memory and threads, as soon as the runs under way have ended. The next question loads it
    /// again; what earlier ones computed is forgotten.
    fn unload(&self, py: Python<'_>) -> PyResult<()> {
        let core = rushlight::LocalLlm::clone(&self.core);
        wait(py, async move { core.unload().await })
    }

    /// Does the same as `unload` from async code.
    async fn aunload(&self) -> PyResult<()> {
        let core = rushlight::LocalLlm::clone(&self.core);
        run(async move { core.unload().await }).await
    }

    /// Loads the model if it is not loaded, so that the next question need not wait for it.
    fn load(&self, py: Python<'_>) -> PyResult<()> {
        let core = rushlight::LocalLlm::clone(&self.core);
        wait(py, async move { core.load().await })
    }

    /// Does the same as `load` from async code.
    async fn aload(&self) -> PyResult<()> {
        let core = rushlight::LocalLlm::clone(&self.core);
        run(async move { core.load().await }).await
    }

    /// Keeps the model, once it is loaded, in memory for this many seconds from now: neither rest nor a
    /// `ModelRegistry` unloads it. A later call replaces an earlier one; 0 ends it.
    fn pin_for(&self, seconds: f64) -> PyResult<()> {
        self.core.pin_for(duration("seconds", seconds)?);
        Ok(())
    }

    fn __repr__(&self) -> String {
        format!("LocalLlm({:?})", self.core.name())
    }

    #[pyo3(signature = () -> "NoReturn")]
    fn __reduce__(slf: &Bound<'_, Self>) -> PyResult<Py<PyAny>> {
        not_picklable(slf)
    }
}

/// A model that says what it was told to say: for tests and examples.
///
/// Each generation takes the next turn of the script. Tokens are words between white space.
#[pyclass(frozen, module = "rushlight")]
pub(crate) struct ScriptedLlm {
    core: rushlight::ScriptedLlm,
}

#[pymethods]
impl ScriptedLlm {
    /// A model with this script.
    ///
    /// Args:
    ///     turns: for each generation a text, or a dict with `text` (a list of pieces), `tool_calls` (dicts with
    ///         `name` and `arguments`), `finish_reason`, `error` (ends the generation with this text) and
    ///         `delay_ms` (to wait before each piece)
    #[new]
    #[pyo3(signature = (turns: "Sequence[str | Mapping[str, Any]]"))]
    fn new(turns: Vec<Json>) -> PyResult<Self> {
        let turns = turns.into_iter().map(|Json(turn)| match turn {
            serde_json::Value::String(text) => Ok(ScriptedTurn::text(text)),
            turn => serde_json::from_value(turn).map_err(|error| invalid("turn", error.to_string())),
        });
        Ok(Self { core: rushlight::ScriptedLlm::new(turns.collect::<PyResult<_>>()?) })
    }

    /// Every prompt that was accepted, oldest first, in its JSON form.
    #[pyo3(signature = () -> "list[dict[str, Any]]")]
    fn prompts(&self) -> PyResult<Json> {
        json_of(&self.core.prompts())
    }

    /// How many pieces were taken so far: it stands still once nobody reads.
    fn deltas(&self) -> usize {
        self.core.deltas()
    }

    fn __repr__(&self) -> String {
        format!("{:?}", self.core)
    }

    #[pyo3(signature = () -> "NoReturn")]
    fn __reduce__(slf: &Bound<'_, Self>) -> PyResult<Py<PyAny>> {
        not_picklable(slf)
    }
}

/// A model of this package, or any object with the method of a model.
pub(crate) fn shared(object: &Bound<'_, PyAny>) -> PyResult<Arc<dyn Llm>> {
    if let Ok(llm) = object.cast::<RemoteLlm>() {
        return Ok(Arc::new(llm.get().core.clone()));
    }
    if let Ok(llm) = object.cast::<LocalLlm>() {
        return Ok(Arc::new(rushlight::LocalLlm::clone(&llm.get().core)));
    }
    match object.cast::<ScriptedLlm>() {
        Ok(llm) => Ok(Arc::new(llm.get().core.clone())),
        Err(_) => Ok(Arc::new(PythonLlm::new(object)?)),
    }
}
