use std::borrow::Cow;
use std::fs::File;
use std::io::{self, BufWriter, Write};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Instant;

use rushlight::LocalLlmOptions;
use rushlight_models::{KvCache, LanguageModel, LoadOptions, Step, StepLogits};

use super::session::Session;
use super::{Answered, Build, Launch, Reply, Request};
use crate::failure::{Failure, Result};
use crate::{process, workspace};

/// Our engine.
pub(crate) const OURS: &str = "rushlight";
/// The same with sessions that guess no tokens.
const ONE_BY_ONE: &str = "rushlight, one by one";
/// The same with calls of tools as the model likes.
pub(crate) const FREE_CALLS: &str = "rushlight, free calls";

/// Builds this program in release mode and says how our engine is started from it.
pub(crate) fn release(build: Build) -> Result<Launch> {
    let mut cargo = Command::new("cargo");
    cargo.args(["build", "--release", "--package", "xtask"]).current_dir(workspace::root());
    process::run(cargo.args(build.feature().map(|feature| format!("--features={feature}"))))?;
    let name = format!("xtask{}", std::env::consts::EXE_SUFFIX);
    let program = workspace::target()?.join("release").join(name);
    let mut git = Command::new("git");
    let commit = process::read(git.args(["describe", "--always", "--dirty"]).current_dir(workspace::root()));
    let commit = commit.map_or_else(|_| "unknown commit".to_owned(), |commit| commit.trim().to_owned());
    eprintln!("{OURS}: `{}`, release profile, {commit}", program.display());
    Ok(Launch { name: OURS, program, arguments: vec!["engine".to_owned()], level: build.level() })
}

/// How our engine is started so that its sessions guess no tokens.
pub(crate) fn one_by_one(ours: &Launch) -> Launch {
    variant(ours, ONE_BY_ONE, "--one-by-one")
}

/// How our engine is started so that calls of tools are held to no grammar.
pub(crate) fn free_calls(ours: &Launch) -> Launch {
    variant(ours, FREE_CALLS, "--free-calls")
}

fn variant(ours: &Launch, name: &'static str, option: &str) -> Launch {
    let mut launch = Launch { name, ..ours.clone() };
    launch.arguments.push(option.to_owned());
    launch
}

/// Our engine as it was opened.
#[derive(Debug, Default)]
pub(super) struct Ours {
    path: PathBuf,
    /// For all requests but sessions.
    model: Option<LanguageModel>,
    session: Option<Session>,
    /// How sessions open the model.
    options: LocalLlmOptions,
}

impl Ours {
    /// With sessions that open the model with these options.
    pub(super) fn new(options: LocalLlmOptions) -> Self {
        Self { options, ..Self::default() }
    }

    pub(super) fn perform(&mut self, request: Request<'_>) -> Result<Answered<Reply>> {
        let reply = match request {
            Request::Open { path, tokens, .. } => {
                self.path = path;
                return self.open(&tokens);
            }
            Request::Answer { prompt, count, .. } | Request::Speculate { prompt, count, .. } => {
                self.session()?.answer(prompt.into_owned(), count)
            }
            Request::Call { prompt, count, .. } => self.session()?.call(prompt.into_owned(), count),
            Request::Generate { tokens, count, .. } => generate(self.model()?, &tokens, count),
            Request::Batch { prompts, count } => batch(self.model()?, &prompts, count),
            Request::Record { prompts, read, file } => record(self.model()?, &prompts, read, &file),
            Request::Score { .. } => return Ok(Answered::Refused("only the reference scores".to_owned())),
        };
        reply.map(Answered::Done)
    }

    fn open(&mut self, tokens: &[u32]) -> Result<Answered<Reply>> {
        let before_bytes = resident_bytes();
        let start = Instant::now();
        let model = match LanguageModel::open(&self.path, &LoadOptions::default()) {
            Err(error @ rushlight_models::Error::Unsupported { .. }) => {
                return Ok(Answered::Refused(error.to_string()));
            }
            opened => opened?,
        };
        let mut cache = model.new_cache();
        next(&model, tokens, &mut cache)?;
        drop(cache);
        self.model = Some(model);
        let seconds = start.elapsed().as_secs_f64();
        Ok(Answered::Done(Reply { seconds, before_bytes, ..Reply::default() }))
    }

    fn session(&mut self) -> Result<&mut Session> {
        // Two copies of what the model holds in memory would disturb each other.
        self.model = None;
        Ok(match &mut self.session {
            Some(session) => session,
            none => none.insert(Session::open(&self.path, self.options.clone())?),
        })
    }

    fn model(&self) -> Result<&LanguageModel> {
        self.model.as_ref().ok_or_else(|| Failure::new("expected `open` first, and sessions last"))
    }
}

/// The likeliest token after `tokens`.
fn next(model: &LanguageModel, tokens: &[u32], cache: &mut KvCache) -> Result<u32> {
    Ok(likeliest(&model.forward(&mut [Step::new(tokens, cache)])?[0]))
}

fn generate(model: &LanguageModel, tokens: &[u32], count: usize) -> Result<Reply> {
    let mut cache = model.new_cache();
    let start = Instant::now();
    let mut token = next(model, tokens, &mut cache)?;
    let seconds = start.elapsed().as_secs_f64();
    let start = Instant::now();
    for _ in 0..count {
        token = next(model, &[token], &mut cache)?;
    }
    Ok(Reply { seconds, rest_seconds: start.elapsed().as_secs_f64(), ..Reply::default() })
}

fn batch(model: &LanguageModel, prompts: &[Cow<'_, [u32]>], count: usize) -> Result<Reply> {
    let mut caches: Vec<KvCache> = prompts.iter().map(|_| model.new_cache()).collect();
    let mut tokens = Vec::with_capacity(prompts.len());
    for (prompt, cache) in prompts.iter().zip(&mut caches) {
        tokens.push([next(model, prompt, cache)?]);
    }
    let start = Instant::now();
    for _ in 0..count {
        let logits = in_step(model, &tokens, &mut caches)?;
        tokens = logits.iter().map(|logits| [likeliest(logits)]).collect();
    }
    Ok(Reply { rest_seconds: start.elapsed().as_secs_f64(), ..Reply::default() })
}

/// One more token of each sequence in one pass.
fn in_step(model: &LanguageModel, tokens: &[[u32; 1]], caches: &mut [KvCache]) -> Result<Vec<StepLogits>> {
    let mut steps: Vec<Step<'_>> =
        tokens.iter().zip(caches).map(|(token, cache)| Step::new(token, cache)).collect();
    Ok(model.forward(&mut steps)?)
}

fn record(model: &LanguageModel, prompts: &[Cow<'_, [u32]>], read: usize, file: &Path) -> Result<Reply> {
    let failed = |error: io::Error| Failure::io("write", file, &error);
    let mut output = BufWriter::new(File::create(file).map_err(failed)?);
    let mut write = |logits: &[StepLogits]| -> Result<()> {
        for value in logits.iter().flat_map(|logits| &**logits) {
            output.write_all(&value.to_le_bytes()).map_err(failed)?;
        }
        Ok(())
    };
    let mut caches: Vec<KvCache> = prompts.iter().map(|_| model.new_cache()).collect();
    for (prompt, cache) in prompts.iter().zip(&mut caches) {
        write(&model.forward(&mut [Step::new(&prompt[..read], cache)])?)?;
    }
    let length = prompts.first().map_or(0, |prompt| prompt.len());
    for position in read..length - 1 {
        let tokens: Vec<[u32; 1]> = prompts.iter().map(|prompt| [prompt[position]]).collect();
        write(&in_step(model, &tokens, &mut caches)?)?;
    }
    output.flush().map_err(failed)?;
    Ok(Reply::default())
}

/// The token with the greatest logit, of equals the first.
pub(crate) fn likeliest(logits: &[f32]) -> u32 {
    let best = (0_u32..).zip(logits).fold((0, f32::NEG_INFINITY), |best, (token, logit)| {
        if *logit > best.1 { (token, *logit) } else { best }
    });
    best.0
}

/// The memory of this process that is in use; 0 where the system does not tell.
pub(super) fn resident_bytes() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let resident = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
    let kilobytes = resident.and_then(|text| text.trim().strip_suffix("kB")?.trim().parse::<u64>().ok());
    kilobytes.unwrap_or_default() * 1024
}
