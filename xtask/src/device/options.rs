use std::path::PathBuf;
use std::process::Command;

use clap::{Args, ValueEnum};

use super::build::{PROGRAM, TESTS, build};
use super::large;
use crate::failure::{Failure, Result};
use crate::{process, workspace};

/// Checks and measures a device, on a machine that has it; `candle` is the code of both GPUs on the CPU, and needs none.
///
/// What is built can be taken to another machine, and run there by `xtask device --folder FOLDER` without the sources: but
/// for the tests that need a model of the hub. Without a CUDA toolkit one is made of NVIDIA's wheels.
#[derive(Debug, Args)]
pub(crate) struct Options {
    /// `candle`, or a GPU such as `cuda:0` or `metal:0`.
    #[arg(long, value_name = "DEVICE", default_value = "candle")]
    device: String,
    /// Only this step; may be repeated. Default: all, for `candle` those that need no GPU.
    #[arg(long, value_name = "STEP")]
    only: Vec<Step>,
    /// Where the programs are that the first step builds. Default: `device` in the target folder.
    #[arg(long, value_name = "FOLDER")]
    folder: Option<PathBuf>,
    #[command(flatten)]
    large: large::Size,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Step {
    /// Build the tests and this program with the device's feature
    Build,
    /// Run the tests on the device
    Tests,
    /// Measure a model of random weights in the shape of one of 70 billion
    Large,
    /// Run `compare llm` on the device
    Compare,
}

/// Runs the steps, and stops at the first that fails.
pub(crate) fn run(options: &Options) -> Result<()> {
    let feature = feature(&options.device)?;
    let folder = match &options.folder {
        Some(folder) => folder.clone(),
        None => workspace::target()?.join("device"),
    };
    let steps = match (options.only.as_slice(), feature) {
        ([], "candle") => &[Step::Build, Step::Tests],
        ([], _) => Step::value_variants(),
        (only, _) => only,
    };
    for step in steps {
        match step {
            Step::Build => build(feature, &folder)?,
            Step::Tests => {
                for (program, filter) in TESTS {
                    let mut test = Command::new(folder.join(program));
                    test.args([filter, "--test-threads=4"]).env("RUSHLIGHT_TEST_DEVICE", &options.device);
                    process::run(&mut test)?;
                }
            }
            Step::Large => {
                let mut large = Command::new(folder.join(PROGRAM));
                large.args(["large", "--device", &options.device]).args(options.large.arguments());
                process::run(&mut large)?;
            }
            Step::Compare => {
                let mut compare = Command::new("cargo");
                compare.args(["xtask", "compare", "llm", "--gpu", feature]).current_dir(workspace::root());
                process::run(&mut compare)?;
            }
        }
    }
    Ok(())
}

/// The feature that a device needs.
fn feature(device: &str) -> Result<&'static str> {
    let kind = device.split(':').next().unwrap_or_default();
    ["candle", "cuda", "metal"].into_iter().find(|known| *known == kind).ok_or_else(|| {
        Failure::new(format!("unknown device `{device}`, expected one of: candle, cuda:0, metal:0"))
    })
}
