use std::path::PathBuf;
use std::process::Command;

use super::example::EXAMPLES;
use super::mcp;
use super::place::Place;
use crate::environment;
use crate::failure::{Failure, Result};
use crate::{process, workspace};

const MATURIN: &str = "maturin==1.16.0";

/// The development profile shares what the Rust tests have compiled.
pub(super) fn wheel(place: &Place) -> Result<()> {
    let tools = environment::tools()?;
    tools.install(&[MATURIN])?;
    workspace::empty_folder(&wheels(place))?;
    let mut maturin = tools.command("maturin");
    maturin.args(["build", "--profile", "dev", "--locked", "--manifest-path", "bindings-python/Cargo.toml"]);
    process::run(maturin.arg("--out").arg(wheels(place)).current_dir(&place.root))?;
    place.new_environment()?.install(&[built_wheel(place)?])
}

pub(super) fn stubs(place: &Place) -> Result<()> {
    let mut python = environment::tools()?.command("python");
    process::run(python.args(["bindings-python/stubs.py", "--check"]).current_dir(&place.root))
}

/// The tools that the project file lists for tests, in the environment that so far holds only the wheel.
pub(super) fn tests(place: &Place) -> Result<()> {
    let environment = place.environment()?;
    // Groups need a newer pip than the one that comes with some Pythons.
    environment.install(&["--upgrade", "pip>=25.1"])?;
    let group = format!("{}:test", place.root.join("bindings-python/pyproject.toml").display());
    environment.install(&["--group", &group])?;
    let mut pytest = python(place)?;
    pytest.args(["-m", "pytest", "bindings-python/tests"]).env(mcp::VARIABLE, mcp::python(place)?);
    process::run(&mut pytest)
}

pub(super) fn examples(place: &Place) -> Result<()> {
    EXAMPLES.iter().try_for_each(|example| {
        let file = format!("examples/{}.py", example.path);
        example.run(&place.root, python(place)?.arg(file).arg(example.model))
    })
}

/// The clean environment's Python in the repository.
fn python(place: &Place) -> Result<Command> {
    let mut python = place.environment()?.command("python");
    python.current_dir(&place.root);
    Ok(python)
}

fn wheels(place: &Place) -> PathBuf {
    place.target.join("python/wheels")
}

fn built_wheel(place: &Place) -> Result<PathBuf> {
    let folder = wheels(place);
    let entries = std::fs::read_dir(&folder).map_err(|error| Failure::io("read", &folder, &error))?;
    let mut files = entries.filter_map(|entry| Some(entry.ok()?.path()));
    files
        .find(|path| path.extension().is_some_and(|extension| extension == "whl"))
        .ok_or_else(|| Failure::new(format!("maturin left no wheel in `{}`", folder.display())))
}
