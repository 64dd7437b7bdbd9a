use std::path::PathBuf;
use std::process::Command;

use crate::bindings::npm;
use crate::engine::install::{launch, require};
use crate::engine::ours::OURS;
use crate::engine::{Build, Launch, release};
use crate::environment::Environment;
use crate::failure::Result;
use crate::{bindings, process, workspace};

/// A language that agents are written in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Host {
    Rust,
    Python,
    Node,
}

/// An agent of others.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Peer {
    /// The name in figures and options.
    pub(crate) name: &'static str,
    pub(crate) host: Host,
    /// What runs it, in `benches/compare`.
    program: &'static str,
    /// What is installed for it, with versions; for Rust the lock file says the same.
    packages: &'static [(&'static str, &'static str)],
}

impl Peer {
    /// All of them.
    pub(crate) const ALL: [Self; 4] = [
        Self { name: "rig", host: Host::Rust, program: "rig_peer", packages: &[("rig-agent", "0.44.0")] },
        Self {
            name: "langgraph",
            host: Host::Python,
            program: "langgraph_peer.py",
            packages: &[("langgraph", "1.2.22"), ("langchain", "1.4.7")],
        },
        Self {
            name: "pydantic-ai",
            host: Host::Python,
            program: "pydantic_ai_peer.py",
            packages: &[("pydantic-ai-slim", "2.68.0")],
        },
        Self {
            name: "ai-sdk",
            host: Host::Node,
            program: "ai_sdk_peer.mjs",
            packages: &[("ai", "7.0.173"), ("zod", "4.6.7")],
        },
    ];

    /// Installs or builds it unless it is there from before, and says how it is started.
    pub(crate) fn install(&self) -> Result<Launch> {
        let installed = match self.host {
            Host::Rust => self.build(),
            Host::Python => {
                let environment = environment()?;
                require(&environment, self.packages)?;
                Ok(launch(self.name, &environment, self.program))
            }
            Host::Node => self.fetch(),
        }?;
        let shown: Vec<String> =
            self.packages.iter().map(|(name, version)| format!("{name} {version}")).collect();
        eprintln!("{}: {}", self.name, shown.join(", "));
        Ok(installed)
    }

    /// Builds the package of Rust, as its lock file has it.
    fn build(&self) -> Result<Launch> {
        let target = folder()?.join(self.program);
        let mut cargo = Command::new("cargo");
        cargo.args(["build", "--release", "--locked", "--target-dir"]).arg(&target);
        process::run(cargo.current_dir(programs().join(self.program)))?;
        let name = format!("{}{}", self.program, std::env::consts::EXE_SUFFIX);
        let program = target.join("release").join(name);
        Ok(Launch { name: self.name, program, arguments: Vec::new(), level: None })
    }

    /// Installs packages of Node, and says where they are.
    fn fetch(&self) -> Result<Launch> {
        let target = folder()?.join(self.name);
        workspace::folder(&target)?;
        let packages = self.packages.iter().map(|(name, version)| format!("{name}@{version}"));
        let mut npm = npm();
        npm.args(["install", "--silent", "--no-audit", "--no-fund", "--prefix"]).arg(&target);
        process::run(npm.args(packages))?;
        Ok(node(self.name, self.program, vec![target.to_string_lossy().into_owned()]))
    }
}

impl Host {
    pub(crate) const ALL: [Self; 3] = [Self::Rust, Self::Python, Self::Node];

    /// The name in cases.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Rust => "rust",
            Self::Python => "python",
            Self::Node => "node",
        }
    }

    /// Builds ours in release mode, and says how it is started.
    pub(crate) fn ours(self) -> Result<Launch> {
        match self {
            Self::Rust => {
                let mut ours = release(Build::Native)?;
                ours.arguments.push("agent".to_owned());
                Ok(ours)
            }
            Self::Python => python_package(),
            Self::Node => addon(),
        }
    }
}

/// Builds our wheel and installs it beside the peers.
fn python_package() -> Result<Launch> {
    let environment = environment()?;
    let wheel = bindings::wheel("release", &folder()?.join("wheels"))?;
    process::run(environment.pip_install().args(["--no-deps", "--force-reinstall"]).arg(wheel))?;
    Ok(launch(OURS, &environment, "rushlight_agent.py"))
}

/// Builds our addon in its own folder, where it takes the place of the one that is there.
fn addon() -> Result<Launch> {
    process::run(npm().args(["ci", "--silent", "--no-audit", "--no-fund"]))?;
    process::run(npm().args(["run", "--silent", "build:addon", "--", "--release"]))?;
    process::run(npm().args(["run", "--silent", "build:types"]))?;
    Ok(node(OURS, "rushlight_agent.mjs", Vec::new()))
}

/// How a program of Node in `benches/compare` is started.
fn node(name: &'static str, script: &str, arguments: Vec<String>) -> Launch {
    let script = programs().join(script).to_string_lossy().into_owned();
    let arguments = std::iter::once(script).chain(arguments).collect();
    Launch { name, program: PathBuf::from("node"), arguments, level: None }
}

fn programs() -> PathBuf {
    workspace::root().join("benches/compare")
}

fn folder() -> Result<PathBuf> {
    let folder = workspace::target()?.join("compare/agent");
    workspace::folder(&folder)?;
    Ok(folder)
}

fn environment() -> Result<Environment> {
    Environment::open(workspace::target()?.join("python/agent"))
}
