use std::path::Path;

use serde::de::DeserializeOwned;

use crate::failure::{Failure, Result};
use crate::workspace;

/// The values of a file with one JSON value a line.
pub(crate) fn json_lines<T: DeserializeOwned>(path: &Path) -> Result<Vec<T>> {
    let text = workspace::read(path)?;
    let lines = text.lines().enumerate().filter(|(_, line)| !line.trim().is_empty());
    lines
        .map(|(number, line)| {
            serde_json::from_str(line).map_err(|error| {
                Failure::new(format!(
                    "line {} of `{}` is not as expected: {error}",
                    number + 1,
                    path.display()
                ))
            })
        })
        .collect()
}
