use super::mcp;
use super::place::Place;
use crate::bindings::npm;
use crate::failure::Result;
use crate::process;

/// The check comes with the build: a build writes the types anew, so that afterwards they never differ.
pub(super) fn addon(_place: &Place) -> Result<()> {
    process::run(npm().args(["ci", "--no-audit", "--no-fund"]))?;
    process::run(npm().args(["run", "check:drift"]))
}

pub(super) fn packed(place: &Place) -> Result<()> {
    process::run(npm().args(["run", "test:packed"]).env(mcp::VARIABLE, mcp::python(place)?))
}
