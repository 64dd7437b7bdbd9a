//! Builds the packages for Python and Node.

use std::path::{Path, PathBuf};
use std::process::Command;

use crate::failure::{Failure, Result};
use crate::{environment, process, workspace};

const MATURIN: &str = "maturin==1.16.0";

/// Builds the Python wheel with a profile of Cargo; it is the only one in `folder` then.
pub(crate) fn wheel(profile: &str, folder: &Path) -> Result<PathBuf> {
    let tools = environment::tools()?;
    tools.install(&[MATURIN])?;
    workspace::empty_folder(folder)?;
    let mut maturin = tools.command("maturin");
    maturin.args([
        "build",
        "--profile",
        profile,
        "--locked",
        "--manifest-path",
        "bindings-python/Cargo.toml",
    ]);
    process::run(maturin.arg("--out").arg(folder).current_dir(workspace::root()))?;
    let wheels = workspace::files(folder, |path| path.extension().is_some_and(|end| end == "whl"))?;
    let none = || Failure::new(format!("maturin left no wheel in `{}`", folder.display()));
    wheels.into_iter().next().ok_or_else(none)
}

/// npm in the folder of the Node package.
pub(crate) fn npm() -> Command {
    let mut npm = Command::new(if cfg!(windows) { "npm.cmd" } else { "npm" });
    npm.current_dir(workspace::root().join("bindings-node"));
    npm
}
