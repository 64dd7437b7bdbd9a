use std::fs::{self, File};
use std::io::{BufRead, BufReader, Write};
use std::path::PathBuf;
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};

use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

use crate::failure::{Failure, Result};
use crate::workspace;

/// How an engine's process is started.
#[derive(Debug, Clone)]
pub(crate) struct Launch {
    /// The engine's name in figures.
    pub(crate) name: &'static str,
    pub(crate) program: PathBuf,
    pub(crate) arguments: Vec<String>,
    /// Faster levels of the processor than this one are left out.
    pub(crate) level: Option<&'static str>,
}

/// An engine's process. Dropping it ends the process.
#[derive(Debug)]
pub(crate) struct Engine {
    name: &'static str,
    process: Child,
    requests: Option<ChildStdin>,
    replies: BufReader<ChildStdout>,
    log: PathBuf,
}

/// How an engine took a request.
#[derive(Debug)]
pub(crate) enum Answered<R> {
    Done(R),
    /// It cannot do that, and says why.
    Refused(String),
}

/// What stands in place of a reply.
#[derive(Debug, Default, Serialize, Deserialize)]
#[serde(default)]
pub(super) struct NoReply {
    /// Why the engine cannot do this.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) refused: Option<String>,
    /// What went wrong.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) failed: Option<String>,
}

impl Launch {
    /// Starts the process with so many threads. What it says besides its replies goes to a log file.
    pub(crate) fn start(&self, threads: usize) -> Result<Engine> {
        let folder = workspace::target()?.join("compare");
        workspace::folder(&folder)?;
        let log = folder.join(format!("{}.log", self.name));
        let written = File::create(&log).map_err(|error| Failure::io("create", &log, &error))?;
        let mut process = Command::new(&self.program)
            .args(&self.arguments)
            .env("RAYON_NUM_THREADS", threads.to_string())
            .env("OMP_NUM_THREADS", threads.to_string())
            .envs(self.level.map(|level| ("RUSHLIGHT_CPU", level)))
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(written)
            .spawn()
            .map_err(|error| Failure::io("start", &self.program, &error))?;
        let requests = process.stdin.take();
        let replies = BufReader::new(process.stdout.take().expect("the output is piped"));
        Ok(Engine { name: self.name, process, requests, replies, log })
    }
}

impl Engine {
    pub(crate) fn name(&self) -> &'static str {
        self.name
    }

    /// Asks, and waits for the reply.
    pub(crate) fn ask<R: DeserializeOwned>(&mut self, request: &impl Serialize) -> Result<Answered<R>> {
        let mut line = serde_json::to_vec(request).expect("requests are JSON");
        line.push(b'\n');
        let requests = self.requests.as_mut().expect("the input is open until the engine is dropped");
        let mut reply = String::new();
        let outcome = requests
            .write_all(&line)
            .and_then(|()| requests.flush())
            .and_then(|()| self.replies.read_line(&mut reply));
        if !matches!(outcome, Ok(1..)) {
            return Err(Failure::new(format!("{} ended: {}", self.name, self.last_words())));
        }
        let unexpected = |error: serde_json::Error| {
            Failure::new(format!("{} replied what is not expected: {error}", self.name))
        };
        match serde_json::from_str(&reply).map_err(unexpected)? {
            NoReply { failed: Some(failed), .. } => {
                Err(Failure::new(format!("{} failed: {failed}", self.name)))
            }
            NoReply { refused: Some(refused), .. } => Ok(Answered::Refused(refused)),
            NoReply { failed: None, refused: None } => {
                Ok(Answered::Done(serde_json::from_str(&reply).map_err(unexpected)?))
            }
        }
    }

    /// Asks for what the engine must be able to do.
    pub(crate) fn require<R: DeserializeOwned>(&mut self, request: &impl Serialize) -> Result<R> {
        match self.ask(request)? {
            Answered::Done(reply) => Ok(reply),
            Answered::Refused(reason) => Err(Failure::new(format!("{} refused: {reason}", self.name))),
        }
    }

    /// Asks for a case; nothing, and a line about it, if there is no reply.
    pub(crate) fn try_ask<R: DeserializeOwned>(&mut self, case: &str, request: &impl Serialize) -> Option<R> {
        match self.ask(request) {
            Ok(Answered::Done(reply)) => Some(reply),
            Ok(Answered::Refused(reason)) => {
                eprintln!("{case}: {}: not applicable: {reason}", self.name);
                None
            }
            Err(failure) => {
                eprintln!("{case}: {}: left out: {failure}", self.name);
                None
            }
        }
    }

    /// The most memory that the process has had at once; nothing where the system does not tell.
    pub(crate) fn peak_bytes(&self) -> Option<u64> {
        let status = fs::read_to_string(format!("/proc/{}/status", self.process.id())).ok()?;
        let peak = status.lines().find_map(|line| line.strip_prefix("VmHWM:"))?;
        let kilobytes: u64 = peak.trim().strip_suffix("kB")?.trim().parse().ok()?;
        Some(kilobytes * 1024)
    }

    /// The last line of the log.
    fn last_words(&self) -> String {
        let log = fs::read(&self.log).unwrap_or_default();
        let log = String::from_utf8_lossy(&log);
        log.lines().rev().find(|line| !line.trim().is_empty()).unwrap_or("it said nothing").trim().to_owned()
    }
}

impl Drop for Engine {
    fn drop(&mut self) {
        // Both fail only for a process that has ended.
        self.requests = None;
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}
