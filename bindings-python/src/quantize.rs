use std::path::PathBuf;

use pyo3::prelude::*;
use rushlight::QuantizeOptions;
use rushlight::llm;

use crate::convert::{from_name, repr};
use crate::progress::{Listener, listening};
use crate::runtime::{run, wait};

/// What quantising a model has made of its weights.
#[pyclass(frozen, eq, get_all, module = "rushlight")]
#[derive(Clone, PartialEq)]
pub(crate) struct QuantizeReport {
    /// The length in bytes of the files that held the weights.
    source_bytes: u64,
    /// The length in bytes of the file that was written.
    target_bytes: u64,
    /// All tensors of that file, in its order.
    tensors: Vec<QuantizedTensor>,
    /// The tensor with the greatest relative error; none if nothing was changed.
    worst: Option<QuantizedTensor>,
}

impl From<llm::QuantizeReport> for QuantizeReport {
    fn from(report: llm::QuantizeReport) -> Self {
        Self {
            source_bytes: report.source_bytes,
            target_bytes: report.target_bytes,
            worst: report.worst().map(QuantizedTensor::from),
            tensors: report.tensors.iter().map(QuantizedTensor::from).collect(),
        }
    }
}

#[pymethods]
impl QuantizeReport {
    #[classattr]
    #[pyo3(name = "__match_args__")]
    const MATCH_ARGS: (&'static str, &'static str, &'static str, &'static str) =
        ("source_bytes", "target_bytes", "tensors", "worst");

    fn __repr__(slf: &Bound<'_, Self>) -> PyResult<String> {
        repr(slf)
    }
}

/// One tensor before and after.
#[pyclass(frozen, eq, get_all, module = "rushlight")]
#[derive(Clone, PartialEq)]
pub(crate) struct QuantizedTensor {
    /// GGUF's name of it.
    name: String,
    /// The dimensions, the slowest first.
    shape: Vec<usize>,
    /// How its numbers were stored, for example `BF16`.
    from_type: String,
    /// How they are stored now: `F16` if its rows are no multiple of 32 long, `F32` if it is no matrix.
    to_type: String,
    /// The root of the mean square of the changes, as a part of that of the numbers; 0 if nothing was changed.
    relative_error: f64,
}

impl From<&llm::QuantizedTensor> for QuantizedTensor {
    fn from(tensor: &llm::QuantizedTensor) -> Self {
        let llm::QuantizedTensor { name, shape, from_type, to_type, relative_error, .. } = tensor.clone();
        Self { name, shape, from_type, to_type, relative_error }
    }
}

#[pymethods]
impl QuantizedTensor {
    #[classattr]
    #[pyo3(name = "__match_args__")]
    const MATCH_ARGS: (&'static str, &'static str, &'static str, &'static str, &'static str) =
        ("name", "shape", "from_type", "to_type", "relative_error");

    fn __repr__(slf: &Bound<'_, Self>) -> PyResult<String> {
        repr(slf)
    }
}

/// How far the quantising of a model is.
#[pyclass(frozen, eq, get_all, module = "rushlight")]
#[derive(Clone, PartialEq)]
pub(crate) struct QuantizeProgress {
    /// The model's name.
    model: String,
    /// The tensor that is written.
    tensor: String,
    /// Bytes of the source's weights that are done with.
    done: u64,
    /// Bytes of the source's weights.
    total: u64,
}

impl QuantizeProgress {
    fn of(progress: &llm::QuantizeProgress<'_>) -> Self {
        let llm::QuantizeProgress { model, tensor, done, total, .. } = *progress;
        Self { model: model.to_owned(), tensor: tensor.to_owned(), done, total }
    }
}

#[pymethods]
impl QuantizeProgress {
    #[classattr]
    #[pyo3(name = "__match_args__")]
    const MATCH_ARGS: (&'static str, &'static str, &'static str, &'static str) =
        ("model", "tensor", "done", "total");

    fn __repr__(slf: &Bound<'_, Self>) -> PyResult<String> {
        repr(slf)
    }
}

async fn quantizing(
    source: PathBuf,
    target: PathBuf,
    options: QuantizeOptions,
    listener: Listener,
) -> rushlight::Result<QuantizeReport> {
    let work = async |tell: Box<dyn Fn(QuantizeProgress) + Send + Sync>| {
        let progress = move |progress: &llm::QuantizeProgress<'_>| tell(QuantizeProgress::of(progress));
        let source = source.to_string_lossy();
        llm::quantize_with_progress(&source, target, options, progress).await.map(QuantizeReport::from)
    };
    listening(listener, work, |report| report).await
}

fn options(kind: &str, overwrite: bool) -> PyResult<QuantizeOptions> {
    Ok(QuantizeOptions::default().kind(from_name("type", kind)?).overwrite(overwrite))
}

/// Writes a language model as one GGUF file whose matrices are rounded to fewer bits, and says what that changes.
///
/// `LocalLlm` opens what is written: tokenizer, chat template and settings are in it. It is put in its place when it is
/// whole; if the work ends before, nothing of it is left.
///
/// Args:
///     source: a name that `models` lists, or the path of a folder with safetensors or of a GGUF file; its weights are
///         F32, F16 or BF16
///     target: the file to write
///     type: what matrices are rounded to: `q8_0` (the default, 34 bytes for 32 weights), `q4_0` (18) or `q4_1` (20)
///     overwrite: whether a file that is at the place of the new one is replaced; by default it is refused
///     progress: a function, sync or async, that is told how far it is; if it raises, the work stops
///
/// Raises:
///     UnknownError: no model has this name.
///     InvalidError: the target is there already, or the type is unknown.
///     ModelError: the weights are quantised already, or the model is damaged or of a kind that is not built in.
#[pyfunction]
#[pyo3(signature = (source: "str | PathLike[str]", target: "str | PathLike[str]", *, r#type: "Literal['q8_0', 'q4_0', 'q4_1']" = "q8_0", overwrite = false, progress: "Callable[[QuantizeProgress], object] | None" = None))]
pub(crate) fn quantize(
    py: Python<'_>,
    source: PathBuf,
    target: PathBuf,
    r#type: &str,
    overwrite: bool,
    progress: Listener,
) -> PyResult<QuantizeReport> {
    wait(py, quantizing(source, target, options(r#type, overwrite)?, progress))
}

/// Does the same as `quantize` from async code.
#[pyfunction]
#[pyo3(signature = (source: "str | PathLike[str]", target: "str | PathLike[str]", *, r#type: "Literal['q8_0', 'q4_0', 'q4_1']" = "q8_0".to_owned(), overwrite = false, progress: "Callable[[QuantizeProgress], object] | None" = None))]
pub(crate) async fn aquantize(
    source: PathBuf,
    target: PathBuf,
    r#type: String,
    overwrite: bool,
    progress: Listener,
) -> PyResult<QuantizeReport> {
    run(quantizing(source, target, options(&r#type, overwrite)?, progress)).await
}
