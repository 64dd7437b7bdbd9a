use std::fs::{self, File};
use std::io;
use std::path::{Path, PathBuf};

use flate2::read::GzDecoder;
use rushlight_models::{Gguf, Tokenizer};
use tempfile::TempDir;

/// The path of a model's file or directory below the models directory.
///
/// # Panics
///
/// If it is not there, saying what fetches it.
pub(crate) fn model(path: &str) -> PathBuf {
    let home = std::env::var_os("RUSHLIGHT_HOME").map_or_else(
        || {
            let home = std::env::var_os("HOME").or_else(|| std::env::var_os("USERPROFILE"));
            PathBuf::from(home.expect("a home directory")).join(".cache").join("rushlight")
        },
        PathBuf::from,
    );
    let model = home.join("models").join(path);
    assert!(model.exists(), "`{}` is missing: run `cargo xtask models`", model.display());
    model
}

/// A file of `tests/fixtures`.
pub(crate) fn fixture(name: &str) -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests").join("fixtures").join(name)
}

/// A copy of a folder in which one file says something else; only the folder `1_Pooling` is copied with it.
pub(crate) fn changed(folder: &Path, file: &str, content: impl AsRef<[u8]>) -> TempDir {
    let copy = TempDir::new().unwrap();
    fs::create_dir(copy.path().join("1_Pooling")).unwrap();
    for part in ["", "1_Pooling"] {
        let files = fs::read_dir(folder.join(part)).into_iter().flatten();
        for path in files.map(|entry| entry.unwrap().path()).filter(|path| path.is_file()) {
            fs::copy(&path, copy.path().join(part).join(path.file_name().unwrap())).unwrap();
        }
    }
    fs::write(copy.path().join(file), content).unwrap();
    copy
}

/// The tokenizer of a vocabulary that llama.cpp publishes.
pub(crate) fn vocabulary(name: &str) -> Tokenizer {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("vocabulary.gguf");
    let packed = File::open(fixture(&format!("tokenizers/ggml-vocab-{name}.gguf.gz"))).unwrap();
    io::copy(&mut GzDecoder::new(packed), &mut File::create(&path).unwrap()).unwrap();
    Tokenizer::from_gguf(&Gguf::open(&path).unwrap()).unwrap()
}
