use std::path::Path;

use serde::Deserialize;

use crate::{Error, Result, json_file};

/// A step of a sentence-transformers model.
#[derive(Debug, Deserialize)]
struct Module {
    /// The Python class with its path.
    r#type: String,
}

/// Refuses a model with steps that the encoder does not have.
pub(super) fn check(path: &Path) -> Result<()> {
    const KNOWN: [&str; 3] = ["Transformer", "Pooling", "Normalize"];
    let modules: Vec<Module> = json_file::read_if_there(path)?.unwrap_or_default();
    for Module { r#type } in modules {
        let class = r#type.rsplit('.').next().unwrap_or_default();
        if !KNOWN.contains(&class) {
            let known = KNOWN.join(", ");
            return Err(Error::Unsupported { what: "encoder module", name: r#type, known });
        }
    }
    Ok(())
}
