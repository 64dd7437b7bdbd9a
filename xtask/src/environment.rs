use std::ffi::OsStr;
use std::path::PathBuf;
use std::process::Command;

use crate::failure::{Failure, Result};
use crate::{process, workspace};

/// A virtual Python environment.
#[derive(Debug, Clone)]
pub(crate) struct Environment {
    path: PathBuf,
}

impl Environment {
    /// The environment in the folder `path`, which is made if it is not there.
    pub(crate) fn open(path: PathBuf) -> Result<Self> {
        let environment = Self { path };
        if !environment.program("pip").is_file() {
            check_python()?;
            let mut create = Command::new("python3");
            process::run(create.args(["-m", "venv", "--clear"]).arg(&environment.path)).map_err(
                |failure| Failure::new(format!("{failure}; on Debian the package python3-venv is needed")),
            )?;
        }
        Ok(environment)
    }

    /// A new environment in the folder `path`, in which nothing is installed.
    pub(crate) fn new(path: PathBuf) -> Result<Self> {
        workspace::empty_folder(&path)?;
        Self::open(path)
    }

    /// A program of the environment.
    pub(crate) fn program(&self, name: &str) -> PathBuf {
        let folder = if cfg!(windows) { "Scripts" } else { "bin" };
        self.path.join(folder).join(format!("{name}{}", std::env::consts::EXE_SUFFIX))
    }

    /// A command that runs a program of the environment.
    pub(crate) fn command(&self, name: &str) -> Command {
        Command::new(self.program(name))
    }

    /// Installs packages with pip.
    pub(crate) fn install<A: AsRef<OsStr>>(&self, packages: &[A]) -> Result<()> {
        process::run(self.pip_install().args(packages))
    }

    /// A command that installs the packages that its further arguments name.
    pub(crate) fn pip_install(&self) -> Command {
        let mut pip = self.command("python");
        pip.args(["-m", "pip", "install", "--quiet", "--disable-pip-version-check"]);
        pip
    }
}

/// A Python that has pip: the person's, or else that of an environment under the target folder.
pub(crate) fn python_with_pip() -> Result<PathBuf> {
    if process::read(Command::new("python3").args(["-m", "pip", "--version"])).is_ok() {
        return Ok(PathBuf::from("python3"));
    }
    Ok(tools()?.program("python"))
}

/// The environment of tools that build and fetch: kept from run to run.
pub(crate) fn tools() -> Result<Environment> {
    Environment::open(workspace::target()?.join("python/tools"))
}

fn check_python() -> Result<()> {
    let version = "import sys; sys.exit(sys.version_info < (3, 10) and 'it is ' + sys.version.split()[0])";
    process::read(Command::new("python3").args(["-c", version]))
        .map(drop)
        .map_err(|failure| Failure::new(format!("Python 3.10 or newer is needed as `python3`: {failure}")))
}
