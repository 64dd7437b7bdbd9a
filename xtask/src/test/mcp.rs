use super::place::Place;
use crate::environment::Environment;
use crate::failure::Result;

/// The official library of the Model Context Protocol for Python, with which tests talk to our client and our server.
const PACKAGE: &str = "mcp==2.3.0";

/// Installs it where the tests look for it: `mcp` in the folder of build results.
pub(super) fn install(place: &Place) -> Result<()> {
    Environment::open(place.target.join("mcp"))?.install(&[PACKAGE])
}
