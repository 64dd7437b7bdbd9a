use std::ops::ControlFlow;
use std::path::PathBuf;
use std::sync::Arc;

use rushlight_models::{QuantizeOptions, QuantizeProgress, QuantizeReport};

use super::files::Files;
use super::model::off_thread;
use super::options::LocalLlmOptions;
use crate::{Error, Result};

/// Writes a language model as one GGUF file whose matrices are rounded to fewer bits, and says what that changes.
///
/// `source` is a name in the [`hub`](crate::hub), or the path of a folder with `config.json`, safetensors and
/// `tokenizer.json`, or of a GGUF file; its weights are F32, F16 or BF16. [`LocalLlm`](super::LocalLlm) opens what is written:
/// tokenizer, chat template and settings are in it. The tokenizer of a folder is taken over as it is, which llama.cpp cannot
/// read; that of a GGUF file stays one that it can.
///
/// ```no_run
/// use rushlight::{LocalLlm, QuantizeOptions, QuantizedType, quantize};
///
/// # async fn example() -> rushlight::Result<()> {
/// let options = QuantizeOptions::default().kind(QuantizedType::Q4_1);
/// let report = quantize("./Qwen3-0.6B", "qwen3-0.6b.q4_1.gguf", options).await?;
/// if let Some(worst) = report.worst() {
///     println!("{}: {:.3}", worst.name, worst.relative_error);
/// }
/// let llm = LocalLlm::open("qwen3-0.6b.q4_1.gguf").await?;
/// # Ok(())
/// # }
/// ```
///
/// # Errors
///
/// [`Error::Unknown`] for a name that nothing has; [`Error::Invalid`] for a target that is there already, unless the options
/// say that it may be replaced; [`Error::Model`] for weights that are quantised already, for a model that
/// [`LocalLlm`](super::LocalLlm) would not open, and for a target that cannot be written.
///
/// # Cancellation
///
/// Dropping the future ends the work after about a million weights; of the target nothing is left. It is put in its place in
/// one step, when it is whole.
pub async fn quantize(
    source: &str,
    target: impl Into<PathBuf>,
    options: QuantizeOptions,
) -> Result<QuantizeReport> {
    quantize_with_progress(source, target, options, |_| ()).await
}

/// Does the same as [`quantize`]; `progress` is told how far it is, and holds it up while it runs.
pub async fn quantize_with_progress(
    source: &str,
    target: impl Into<PathBuf>,
    options: QuantizeOptions,
    progress: impl Fn(&QuantizeProgress<'_>) + Send + 'static,
) -> Result<QuantizeReport> {
    let (source, target) = (source.to_owned(), target.into());
    // It goes with the future.
    let wanted = Arc::new(());
    let is_wanted = Arc::downgrade(&wanted);
    let tell = move |told: &QuantizeProgress<'_>| {
        progress(told);
        if is_wanted.strong_count() > 0 { ControlFlow::Continue(()) } else { ControlFlow::Break(()) }
    };
    let report = off_thread(move || {
        let path = Files::find(&source, &LocalLlmOptions::default())?.model.path().to_owned();
        rushlight_models::quantize(&path, &target, &options, &tell)
            .map_err(|error| Error::model(source, error))
    });
    let report = report.await;
    drop(wanted);
    report
}
