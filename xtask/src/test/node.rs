use std::process::Command;

use super::mcp;
use super::place::Place;
use crate::failure::Result;
use crate::process;

/// The check comes with the build: a build writes the types anew, so that afterwards they never differ.
pub(super) fn addon(place: &Place) -> Result<()> {
    process::run(npm(place).args(["ci", "--no-audit", "--no-fund"]))?;
    process::run(npm(place).args(["run", "check:drift"]))
}

pub(super) fn packed(place: &Place) -> Result<()> {
    process::run(npm(place).args(["run", "test:packed"]).env(mcp::VARIABLE, mcp::python(place)?))
}

fn npm(place: &Place) -> Command {
    let mut npm = Command::new(if cfg!(windows) { "npm.cmd" } else { "npm" });
    npm.current_dir(place.root.join("bindings-node"));
    npm
}
