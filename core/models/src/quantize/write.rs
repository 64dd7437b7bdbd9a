use std::fs::File;
use std::io::BufWriter;
use std::ops::ControlFlow;
use std::path::Path;

use super::options::{QuantizeOptions, QuantizeProgress};
use super::report::{QuantizeReport, QuantizedTensor};
use super::tensor::{Rows, Squares};
use crate::checkpoint::{Checkpoint, Converted};
use crate::nn::Decoder;
use crate::temporary::Temporary;
use crate::{Error, GgufWriter, Result, arch};

/// Numbers that are rounded between two looks at whether somebody still wants them.
const STEP: usize = 1 << 20;

/// The version of the layouts of ggml's types.
const QUANTISATION_VERSION: u32 = 2;

/// Writes a model as a GGUF file whose matrices are quantised, and measures what that changes.
///
/// `source` is what [`LanguageModel::open`](crate::LanguageModel::open) opens: a folder as the Hugging Face Hub has it, or a
/// GGUF file; its weights are F32, F16 or BF16. Matrices get the type that is asked for, those whose rows are no multiple of 32
/// long F16, and vectors F32. A file's metadata is taken over; a folder's settings become metadata, its chat template
/// too, and its `tokenizer.json` as it is (`tokenizer.huggingface.json`, which llama.cpp does not read).
///
/// The file is put in its place when it is whole, on the disk, and has been found to describe the same model; after an error
/// nothing of it is left. `progress` is asked before every part of about a million weights, and after every tensor, whether to go
/// on, and holds the work up while it runs. Computes on rayon's current thread pool.
///
/// # Errors
///
/// Those of [`LanguageModel::open`](crate::LanguageModel::open) about the source; [`Error::Unsupported`] for weights that are
/// quantised already, and for settings that a GGUF file has no place for; [`Error::Tensor`] for numbers that are not finite
/// or too large; [`Error::Invalid`] for a target that is there already, unless the options say that it may be replaced;
/// [`Error::Open`] when it cannot be written; [`Error::Cancelled`] when `progress` says so.
pub fn quantize(
    source: &Path,
    target: &Path,
    options: &QuantizeOptions,
    progress: &dyn Fn(&QuantizeProgress<'_>) -> ControlFlow<()>,
) -> Result<QuantizeReport> {
    check_target(source, target, options)?;
    let checkpoint = Checkpoint::open(source)?;
    let before = decoder(&checkpoint)?;
    let converted = checkpoint.converted();
    let rows = |tensor| Rows::new(tensor, options.kind.quantisation());
    let tensors: Vec<Rows<'_>> = converted.iter().map(rows).collect::<Result<_>>()?;
    let mut writer = checkpoint.metadata()?;
    writer.entry("general.file_type", options.kind.file_type());
    writer.entry("general.quantization_version", QUANTISATION_VERSION);
    let temporary = Temporary::beside(target);
    let written = write(temporary.path(), &checkpoint.info.name, &writer, &tensors, progress)?;
    let after = Checkpoint::open(temporary.path())?;
    after.template(&after.tokenizer()?)?;
    if let Some(what) = before.difference(&decoder(&after)?) {
        let known = "what a GGUF file has a place for".to_owned();
        return Err(Error::Unsupported { what: "setting", name: what.to_owned(), known });
    }
    let (source_bytes, target_bytes) = (checkpoint.info.size_bytes, after.info.size_bytes);
    drop(after);
    temporary.rename(target).map_err(|source| Error::Open { path: target.to_owned(), source })?;
    Ok(QuantizeReport { source_bytes, target_bytes, tensors: written })
}

fn check_target(source: &Path, target: &Path, options: &QuantizeOptions) -> Result<()> {
    let refuse = |message: String| Err(Error::invalid("target", message));
    if target.is_dir() {
        return refuse(format!("expected a file, got the folder `{}`", target.display()));
    }
    if !target.exists() {
        return Ok(());
    }
    if source.canonicalize().ok() == target.canonicalize().ok() {
        return refuse(format!("expected another file than the source, got `{}`", target.display()));
    }
    if !options.overwrite {
        return refuse(format!("expected a new file, or `overwrite`, got `{}`", target.display()));
    }
    Ok(())
}

/// Refuses a model that lacks tensors, or has them in other shapes than it says.
fn decoder(checkpoint: &Checkpoint) -> Result<Decoder> {
    arch::read(&checkpoint.info.architecture, &checkpoint.weights, checkpoint.config.clone())
}

fn write(
    path: &Path,
    model: &str,
    writer: &GgufWriter,
    tensors: &[Rows<'_>],
    progress: &dyn Fn(&QuantizeProgress<'_>) -> ControlFlow<()>,
) -> Result<Vec<QuantizedTensor>> {
    let fail = |source| Error::Open { path: path.to_owned(), source };
    let mut writer = writer.clone();
    for rows in tensors {
        let Converted { name, tensor, .. } = rows.tensor();
        writer.tensor(name, &tensor.shape, rows.to())?;
    }
    let file = File::create_new(path).map_err(fail)?;
    let mut body = writer.begin(BufWriter::with_capacity(1 << 20, &file)).map_err(fail)?;
    let total = tensors.iter().map(|rows| rows.bytes_of(rows.count())).sum();
    let tell = |tensor: &str, done| match progress(&QuantizeProgress { model, tensor, done, total }) {
        ControlFlow::Continue(()) => Ok(()),
        ControlFlow::Break(()) => Err(Error::Cancelled),
    };
    let mut done = 0;
    let mut report = Vec::with_capacity(tensors.len());
    for rows in tensors {
        let Converted { name, tensor, .. } = rows.tensor();
        let mut squares = Squares::default();
        for part in rows.parts(STEP) {
            tell(name, done)?;
            done += rows.bytes_of(part.len());
            let encoded = rows.encode(part)?;
            body.write(&encoded.bytes).map_err(fail)?;
            squares = squares.plus(encoded.squares);
        }
        tell(name, done)?;
        report.push(QuantizedTensor {
            name: name.clone(),
            shape: tensor.shape.clone(),
            from_type: rows.from().to_string(),
            to_type: rows.to().to_string(),
            relative_error: squares.relative_error(),
        });
    }
    drop(body.finish().map_err(fail)?);
    file.sync_all().map_err(fail)?;
    Ok(report)
}
