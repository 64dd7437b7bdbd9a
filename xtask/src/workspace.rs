use std::path::{Path, PathBuf};
use std::process::Command;
use std::{env, fs};

use crate::failure::{Failure, Result};
use crate::process;

/// The repository's root.
pub(crate) fn root() -> PathBuf {
    let manifest = env::var_os("CARGO_MANIFEST_DIR")
        .map_or_else(|| PathBuf::from(env!("CARGO_MANIFEST_DIR")), PathBuf::from);
    manifest.parent().expect("xtask is a folder of the repository").to_path_buf()
}

/// The folder of build results, as cargo and the person's settings have it.
pub(crate) fn target() -> Result<PathBuf> {
    let metadata = process::read(
        Command::new("cargo").args(["metadata", "--no-deps", "--format-version", "1"]).current_dir(root()),
    )?;
    let metadata: serde_json::Value = serde_json::from_str(&metadata)
        .map_err(|error| Failure::new(format!("`cargo metadata` gave no JSON: {error}")))?;
    let target = metadata["target_directory"].as_str();
    target.map(PathBuf::from).ok_or_else(|| Failure::new("`cargo metadata` names no target directory"))
}

/// Makes `path` an empty folder.
pub(crate) fn empty_folder(path: &Path) -> Result<()> {
    match fs::remove_dir_all(path) {
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
            return Err(Failure::io("empty", path, &error));
        }
        _ => {}
    }
    folder(path)
}

/// Makes sure that the folder `path` exists.
pub(crate) fn folder(path: &Path) -> Result<()> {
    fs::create_dir_all(path).map_err(|error| Failure::io("create", path, &error))
}

/// The text of a file.
pub(crate) fn read(path: &Path) -> Result<String> {
    fs::read_to_string(path).map_err(|error| Failure::io("read", path, &error))
}

/// Whether a file holds Markdown or plain text, by its name.
pub(crate) fn is_text(path: &Path) -> bool {
    path.extension().is_some_and(|extension| extension == "md" || extension == "txt")
}

/// The files in a folder and its folders that are `wanted`, by name.
pub(crate) fn files(folder: &Path, wanted: impl Fn(&Path) -> bool) -> Result<Vec<PathBuf>> {
    let mut folders = vec![folder.to_path_buf()];
    let mut files = Vec::new();
    while let Some(folder) = folders.pop() {
        let entries = fs::read_dir(&folder).map_err(|error| Failure::io("read", &folder, &error))?;
        for path in entries.filter_map(|entry| Some(entry.ok()?.path())) {
            if path.is_dir() {
                folders.push(path);
            } else if wanted(&path) {
                files.push(path);
            }
        }
    }
    files.sort();
    Ok(files)
}
