//! A folder as the Hugging Face Hub has it, as a checkpoint.

use std::collections::HashMap;
use std::path::Path;

use serde_json::Value;

use super::config_json::{self, Described};
use super::model::Headers;
use super::names::names;
use super::shards::{self, INDEX, SINGLE, Shards};
use crate::weights::{Tensor, Weights};
use crate::{Error, Result, json_file};

const CONFIG: &str = "config.json";
const OUTPUT: &str = "lm_head.weight";

/// Whether a folder has a language model: one whose architecture is built in, or one that says that it is one.
pub(crate) fn is_language_model(folder: &Path) -> bool {
    if !folder.join(SINGLE).is_file() && !folder.join(INDEX).is_file() {
        return false;
    }
    let config: Value = json_file::read(&folder.join(CONFIG)).unwrap_or_default();
    let mut classes = config["architectures"].as_array().into_iter().flatten().filter_map(Value::as_str);
    config["model_type"].as_str().is_some_and(config_json::is_known)
        || classes.any(|class| class.ends_with("ForCausalLM"))
}

/// Reads the headers.
pub(super) fn read(folder: &Path) -> Result<Headers> {
    let Described { architecture, config, stretch, tied } = config_json::read(&folder.join(CONFIG))?;
    let Shards { mut tensors, size_bytes } = shards::open(folder)?;
    if tied == Some(true) {
        // Some files have the embedding twice.
        tensors.remove(OUTPUT);
    } else if tied == Some(false) && !tensors.contains_key(OUTPUT) {
        return Err(Error::tensor(OUTPUT, "is missing from the files"));
    }
    if architecture == "gemma3" {
        add_one_to_norms(&mut tensors)?;
    }
    tensors.extend(stretch.factors);
    let path = std::path::absolute(folder).unwrap_or_else(|_| folder.to_owned());
    let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
    let weights = Weights::new(&name, tensors, names(architecture));
    Ok(Headers { name, architecture: architecture.to_owned(), mixture: None, size_bytes, config, weights })
}

/// Gemma's norms multiply with one more than their weights; GGUF files have the sum.
fn add_one_to_norms(tensors: &mut HashMap<String, Tensor>) -> Result<()> {
    for (name, tensor) in tensors.iter_mut().filter(|(name, _)| name.ends_with("norm.weight")) {
        let values: Vec<f32> = tensor.values(name)?.into_iter().map(|value| value + 1.0).collect();
        *tensor = Tensor { shape: tensor.shape.clone(), ..Tensor::made(&values) };
    }
    Ok(())
}
