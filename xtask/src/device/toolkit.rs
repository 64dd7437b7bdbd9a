use std::collections::BTreeMap;
use std::env;
use std::process::Command;

use crate::environment::python_with_pip;
use crate::failure::{Failure, Result};
use crate::{process, workspace};

/// The CUDA toolkit to build with, as variables of the environment; none if the machine has its own.
#[derive(Debug, Default)]
pub(super) struct Toolkit {
    variables: BTreeMap<String, String>,
}

impl Toolkit {
    /// The machine's, or else one made of wheels in the target folder.
    pub(super) fn find() -> Result<Self> {
        if process::exists("nvcc", "--version") {
            return Ok(Self::default());
        }
        let script = workspace::root().join("benches/device/cuda_toolkit.py");
        let folder = workspace::target()?.join("cuda/toolkit");
        eprintln!("no nvcc on the PATH: a CUDA toolkit is made in `{}`", folder.display());
        let output = process::read(Command::new(python_with_pip()?).arg(script).arg(folder))?;
        let last = output.lines().last().unwrap_or_default();
        let mut variables: BTreeMap<String, String> = serde_json::from_str(last)
            .map_err(|error| Failure::new(format!("the toolkit's variables are not as expected: {error}")))?;
        if let Some(programs) = variables.get("CUDA_BIN") {
            let path = env::var("PATH").unwrap_or_default();
            variables.insert("PATH".to_owned(), format!("{programs}:{path}"));
        }
        // Hopper, where there is no GPU to ask.
        let capability = env::var("CUDA_COMPUTE_CAP").unwrap_or_else(|_| "90".to_owned());
        variables.insert("CUDA_COMPUTE_CAP".to_owned(), capability);
        Ok(Self { variables })
    }

    pub(super) fn variables(&self) -> &BTreeMap<String, String> {
        &self.variables
    }

    /// Says what the programs need to run.
    pub(super) fn explain(&self) {
        if let Some(libraries) = self.variables.get("CUDA_LIBRARIES") {
            eprintln!(
                "they need the driver's libcuda.so.1, and cuBLAS, cuRAND and the CUDA runtime of CUDA 13, for example \
                 by LD_LIBRARY_PATH={libraries}"
            );
        }
    }
}
