use std::process::Command;
use std::thread::available_parallelism;

use super::process::Launch;
use super::{Build, Peer};
use crate::environment::Environment;
use crate::failure::{Failure, Result};
use crate::{process, workspace};

/// What the Python scripts of all peers need.
pub(super) const NUMPY: (&str, &str) = ("numpy", "2.4.6");
/// Reads model files and dequantises their weights, for the exact reference.
const GGUF: (&str, &str) = ("gguf", "0.19.0");

/// The exact reference's name.
pub(crate) const REFERENCE: &str = "reference";

/// Compilers that build llama.cpp, best first: gcc 12 miscompiles its code for AMX.
const COMPILERS: [&str; 6] = ["clang-21", "clang-20", "clang-19", "clang-18", "clang-16", "clang"];
/// The Debian packages of the compiler and of its threads.
const DEBIAN: [&str; 2] = ["clang-19", "libomp-19-dev"];

/// Installs a peer unless it is there from before, and says how it is started.
pub(crate) fn install(peer: Peer, build: Build) -> Result<Launch> {
    if !build.peers().contains(&peer) {
        return Err(Failure::new("only llama.cpp is built for a GPU or a level"));
    }
    let environment = Environment::open(workspace::target()?.join("python").join(build.folder()))?;
    require(&environment, &[NUMPY])?;
    let (package, version) = peer.package();
    if !has(&environment, (package, version)) {
        if peer == Peer::LlamaCpp {
            build_llama_cpp(&environment, &format!("{package}=={version}"), build)?;
        } else {
            environment.install(&["--only-binary", ":all:", &format!("{package}=={version}")])?;
        }
    }
    eprintln!("{}: {package} {version}", peer.name());
    Ok(launch(peer.name(), &environment, peer.script()))
}

/// Installs what the exact reference needs, and says how it is started.
pub(crate) fn reference() -> Result<Launch> {
    let environment = Environment::open(workspace::target()?.join("python/reference"))?;
    require(&environment, &[NUMPY, GGUF])?;
    Ok(launch(REFERENCE, &environment, "exact_reference.py"))
}

/// How a script in `benches/compare` is started.
pub(super) fn launch(name: &'static str, environment: &Environment, script: &str) -> Launch {
    let script = workspace::root().join("benches/compare").join(script);
    let arguments = vec![script.to_string_lossy().into_owned()];
    Launch { name, program: environment.program("python"), arguments, level: None }
}

/// Installs those packages that are not there in this version.
pub(super) fn require(environment: &Environment, packages: &[(&str, &str)]) -> Result<()> {
    let missing: Vec<String> = packages
        .iter()
        .filter(|package| !has(environment, **package))
        .map(|(package, version)| format!("{package}=={version}"))
        .collect();
    if missing.is_empty() { Ok(()) } else { environment.install(&missing) }
}

fn has(environment: &Environment, (package, version): (&str, &str)) -> bool {
    let ask = format!("import importlib.metadata as m; print(m.version('{package}'))");
    process::read(environment.command("python").args(["-c", &ask])).is_ok_and(|found| found.trim() == version)
}

/// Builds the package from its source; a wheel that somebody built otherwise is not taken.
fn build_llama_cpp(environment: &Environment, requirement: &str, build: Build) -> Result<()> {
    let compiler = compiler()?;
    eprintln!("llama.cpp: built from source with {compiler}, which takes some minutes");
    let (package, _) = Peer::LlamaCpp.package();
    let mut pip = environment.pip_install();
    pip.args(["--no-cache-dir", "--no-binary", package, requirement])
        .env("CC", &compiler)
        .env("CXX", compiler.replace("clang", "clang++"))
        .env("CMAKE_ARGS", format!("-DLLAVA_BUILD=OFF {}", build.cmake()))
        .env("CMAKE_BUILD_PARALLEL_LEVEL", available_parallelism().map_or(1, usize::from).to_string());
    process::run(&mut pip)
}

/// A clang of this machine, installed where that is possible without a question.
fn compiler() -> Result<String> {
    let find = || COMPILERS.into_iter().find(|name| process::exists(name, "--version")).map(str::to_owned);
    if let Some(found) = find() {
        return Ok(found);
    }
    let needed = format!("llama.cpp is built with clang: install {}", DEBIAN.join(" and "));
    let is_root = process::read(Command::new("id").arg("-u")).is_ok_and(|id| id.trim() == "0");
    if !is_root || !process::exists("apt-get", "--version") {
        return Err(Failure::new(needed));
    }
    let mut apt = Command::new("apt-get");
    process::read(apt.args(["install", "--yes", "--quiet"]).args(DEBIAN))
        .map_err(|failure| Failure::new(format!("{needed} ({failure})")))?;
    find().ok_or_else(|| Failure::new(needed))
}
