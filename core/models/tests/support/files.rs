use std::path::PathBuf;

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
