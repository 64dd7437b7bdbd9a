use std::path::PathBuf;

use super::place::Place;
use crate::environment::Environment;
use crate::failure::Result;

/// The official library of the Model Context Protocol for Python, with which tests talk to our client and our server.
const PACKAGE: &str = "mcp==2.3.0";

/// What tells the tests of the bindings where it is.
pub(super) const VARIABLE: &str = "RUSHLIGHT_MCP_PYTHON";

/// Installs it where the tests look for it: `mcp` in the folder of build results.
pub(super) fn install(place: &Place) -> Result<()> {
    environment(place)?.install(&[PACKAGE])
}

/// The Python that has it.
pub(super) fn python(place: &Place) -> Result<PathBuf> {
    Ok(environment(place)?.program("python"))
}

fn environment(place: &Place) -> Result<Environment> {
    Environment::open(place.target.join("mcp"))
}
