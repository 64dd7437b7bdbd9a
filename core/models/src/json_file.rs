use std::io::ErrorKind;
use std::path::Path;

use serde::de::DeserializeOwned;

use crate::{Error, Result};

/// Reads a JSON file; an error names it.
pub(crate) fn read<T: DeserializeOwned>(path: &Path) -> Result<T> {
    let text = std::fs::read(path).map_err(|source| Error::Open { path: path.to_owned(), source })?;
    serde_json::from_slice(&text).map_err(|error| Error::format(path, error.to_string()))
}

/// Reads a JSON file; none if there is no such file.
pub(crate) fn read_if_there<T: DeserializeOwned>(path: &Path) -> Result<Option<T>> {
    match read(path) {
        Err(Error::Open { source, .. }) if source.kind() == ErrorKind::NotFound => Ok(None),
        read => read.map(Some),
    }
}
