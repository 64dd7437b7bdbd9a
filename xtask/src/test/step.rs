use super::place::Place;
use super::{mcp, node, postgres, python, rust};
use crate::failure::Result;

/// One thing that is checked.
#[derive(Debug)]
pub(super) struct Step {
    /// What `--only` takes.
    pub(super) name: &'static str,
    /// What it does, for people.
    pub(super) about: &'static str,
    /// The steps without whose success it makes no sense.
    pub(super) needs: &'static [&'static str],
    /// Does it.
    pub(super) run: fn(&Place) -> Result<()>,
}

const fn step(
    name: &'static str,
    about: &'static str,
    needs: &'static [&'static str],
    run: fn(&Place) -> Result<()>,
) -> Step {
    Step { name, about, needs, run }
}

/// All steps, in the order in which they run.
pub(super) const STEPS: &[Step] = &[
    step("models", "fetch the small models that tests use", &[], rust::models),
    step("postgres", "install a PostgreSQL with pgvector, which tests start", &[], postgres::install),
    step(
        "mcp",
        "install the official library of the Model Context Protocol, which tests talk to",
        &[],
        mcp::install,
    ),
    step("fmt", "formatting", &[], rust::fmt),
    step("rust", "unit and integration tests", &["models", "postgres", "mcp"], rust::tests),
    step("doctests", "examples in the documentation", &[], rust::doctests),
    step("examples", "the Rust examples", &["models"], rust::examples),
    step("wheel", "build the Python wheel and install it into a clean environment", &[], python::wheel),
    step("stubs", "the committed Python stubs are those of the code", &["wheel"], python::stubs),
    step("pytest", "Python tests on the installed wheel", &["models", "mcp", "wheel"], python::tests),
    step("python-examples", "the Python examples", &["models", "wheel"], python::examples),
    step(
        "addon",
        "build the Node addon; the committed TypeScript types are those of the code",
        &[],
        node::addon,
    ),
    step(
        "node",
        "Node tests, types and examples on the packed package in a clean folder",
        &["models", "mcp", "addon"],
        node::packed,
    ),
    step("clippy", "lints of the whole workspace", &[], rust::clippy),
    step("minimal", "core without its default features", &[], rust::minimal),
    step("docs", "API documentation without warnings", &[], rust::docs),
    step("licences", "licences, banned crates and sources of dependencies", &[], rust::licences),
];

/// The names of all steps.
pub(crate) fn names() -> Vec<&'static str> {
    STEPS.iter().map(|step| step.name).collect()
}
