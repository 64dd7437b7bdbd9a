use std::path::PathBuf;
use std::process::Command;

use crate::environment::Environment;
use crate::failure::Result;
use crate::workspace;

/// Where the steps work.
#[derive(Debug)]
pub(super) struct Place {
    /// The repository.
    pub(super) root: PathBuf,
    /// The folder of build results.
    pub(super) target: PathBuf,
}

impl Place {
    pub(super) fn new() -> Result<Self> {
        Ok(Self { root: workspace::root(), target: workspace::target()? })
    }

    /// `cargo` in the repository.
    pub(super) fn cargo(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new("cargo");
        command.args(arguments).current_dir(&self.root);
        command
    }

    /// A new Python environment in which nothing is installed.
    pub(super) fn new_environment(&self) -> Result<Environment> {
        Environment::new(self.environment_folder())
    }

    /// The environment that [`new_environment`](Self::new_environment) made last.
    pub(super) fn environment(&self) -> Result<Environment> {
        Environment::open(self.environment_folder())
    }

    fn environment_folder(&self) -> PathBuf {
        self.target.join("python/clean")
    }
}
