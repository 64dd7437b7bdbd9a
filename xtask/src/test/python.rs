use std::process::Command;

use super::example::EXAMPLES;
use super::mcp;
use super::place::Place;
use crate::environment;
use crate::failure::Result;
use crate::{bindings, process};

/// The development profile shares what the Rust tests have compiled.
pub(super) fn wheel(place: &Place) -> Result<()> {
    let wheel = bindings::wheel("dev", &place.target.join("python/wheels"))?;
    place.new_environment()?.install(&[wheel])
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
