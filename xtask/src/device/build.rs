use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::Value;

use super::toolkit::Toolkit;
use crate::failure::{Failure, Result};
use crate::{process, workspace};

/// This program.
pub(super) const PROGRAM: &str = "xtask";

/// The test programs, and which of their tests compute on a device.
pub(super) const TESTS: [(&str, &str); 3] =
    [("rushlight_models", "candle::tests"), ("models", "device::"), ("main", "local::")];

/// Builds the tests and this program with a feature and puts them into the folder.
pub(super) fn build(feature: &str, folder: &Path) -> Result<()> {
    workspace::folder(folder)?;
    let toolkit = if feature == "cuda" { Toolkit::find()? } else { Toolkit::default() };
    let mut tests = cargo(&toolkit);
    tests.args(["test", "--no-run", "--message-format", "json-render-diagnostics"]);
    tests.args(["--package", "rushlight-models", "--package", "rushlight-tests"]);
    tests.args(["--lib", "--test", "models", "--test", "main"]);
    tests.args(["--features", &format!("rushlight-models/{feature},rushlight-tests/{feature}")]);
    let built = executables(&process::read(&mut tests)?)?;
    for (name, _) in TESTS {
        let (_, program) = built
            .iter()
            .find(|(built, _)| built == name)
            .ok_or_else(|| Failure::new(format!("cargo built no tests called `{name}`")))?;
        copy(program, &folder.join(name))?;
    }
    let mut program = cargo(&toolkit);
    program.args(["build", "--package", "xtask", "--features", feature]);
    // Optimising takes minutes, and candle's kernels for the CPU are nothing to measure.
    let profile = if feature == "candle" { "debug" } else { "release" };
    if profile == "release" {
        program.arg("--release");
    }
    process::run(&mut program)?;
    let name = format!("{PROGRAM}{}", std::env::consts::EXE_SUFFIX);
    copy(&workspace::target()?.join(profile).join(name), &folder.join(PROGRAM))?;
    eprintln!("built: `{}`", folder.display());
    toolkit.explain();
    Ok(())
}

fn cargo(toolkit: &Toolkit) -> Command {
    let mut cargo = Command::new("cargo");
    cargo.current_dir(workspace::root()).envs(toolkit.variables());
    cargo
}

/// The names and places of the programs that cargo reports, one JSON object a line.
fn executables(report: &str) -> Result<Vec<(String, PathBuf)>> {
    let mut found = Vec::new();
    for line in report.lines() {
        let message: Value = serde_json::from_str(line)
            .map_err(|error| Failure::new(format!("cargo's report is no JSON: {error}")))?;
        if let (Some(name), Some(path)) = (message["target"]["name"].as_str(), message["executable"].as_str())
        {
            found.push((name.to_owned(), PathBuf::from(path)));
        }
    }
    Ok(found)
}

/// Beside its place and then renamed: a program that runs cannot be written to.
fn copy(from: &Path, to: &Path) -> Result<()> {
    let part = to.with_extension("part");
    fs::copy(from, &part).map_err(|error| Failure::io("copy", from, &error))?;
    fs::rename(&part, to).map_err(|error| Failure::io("replace", to, &error))
}

#[cfg(test)]
mod tests {
    use super::executables;

    #[test]
    fn only_programs_are_found_in_a_report() {
        let report = r#"{"reason":"compiler-artifact","target":{"name":"half"},"executable":null}
{"reason":"compiler-artifact","target":{"name":"models"},"executable":"/target/models-1"}
{"reason":"build-finished","success":true}"#;

        let found = executables(report).unwrap();

        assert_eq!(found, [("models".to_owned(), "/target/models-1".into())]);
    }
}
