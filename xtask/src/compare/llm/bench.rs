use std::fs::File;
use std::io;
use std::path::PathBuf;
use std::time::Duration;

use rushlight::{Message, ToolSpec};
use rushlight_models::{ChatTemplate, Gguf, Tokenizer};

use super::side::Side;
use super::{life, session, speculation, speed};
use crate::compare::Options;
use crate::compare::busy::warn_if_busy;
use crate::engine::{self, Launch, Peer, Request, Turn};
use crate::failure::{Failure, Result};
use crate::models::make_available;
use crate::text::Text;

/// What is measured when nothing is asked for.
const MODELS: [&str; 3] = ["SmolLM2-135M-Instruct", "Qwen2.5-Coder-0.5B-Instruct", "Gemma-3-270M"];

/// The longest prompt and what is written after it.
pub(super) const CONTEXT: usize = 2_048 + 64;

/// One model to be measured, and how.
#[derive(Debug)]
pub(super) struct Bench<'a> {
    pub(super) options: &'a Options,
    /// The model's name in cases.
    pub(super) model: String,
    pub(super) path: PathBuf,
    pub(super) tokenizer: Tokenizer,
    pub(super) template: ChatTemplate,
    pub(super) text: Text,
    pub(super) threads: usize,
    /// How often each engine is asked.
    pub(super) repeats: usize,
    /// An engine that needed this long for a case is not asked again, and one that would need longer not at all.
    pub(super) patience: Duration,
}

/// Installs the peers and measures every model with every engine.
pub(crate) fn run(options: &Options) -> Result<()> {
    let threads = options.thread_counts()?;
    let build = options.build();
    let mut launches = vec![engine::release(build)?];
    let mut missing = Vec::new();
    let asked = options.peers(&Peer::ALL, |peer| peer.name())?;
    for peer in if asked.is_empty() { build.peers() } else { &asked } {
        match engine::install(*peer, build) {
            Ok(launch) => launches.push(launch),
            Err(failure) => {
                eprintln!("{}: left out, not installed: {failure}", peer.name());
                missing.push(peer.name());
            }
        }
    }
    let models = match options.model.as_slice() {
        [] => MODELS.map(str::to_owned).to_vec(),
        named => named.to_vec(),
    };
    for model in &models {
        for threads in &threads {
            Bench::open(options, model, *threads)?.measure(&launches)?;
        }
    }
    options.ended_without(&missing)
}

impl<'a> Bench<'a> {
    fn open(options: &'a Options, model: &str, threads: usize) -> Result<Self> {
        let found = make_available(model)?;
        let gguf = Gguf::open(&found.path)?;
        let tokenizer = Tokenizer::from_gguf(&gguf)?;
        let template = ChatTemplate::from_gguf(&gguf, &tokenizer)?.unwrap_or_else(ChatTemplate::chatml);
        let text = Text::read(options.data.as_deref(), &tokenizer)?;
        // The page cache is warm for everybody, also for the first.
        File::open(&found.path)
            .and_then(|mut file| io::copy(&mut file, &mut io::sink()))
            .map_err(|error| Failure::io("read", &found.path, &error))?;
        let (repeats, seconds) = if options.quick { (3, 20) } else { (5, 60) };
        Ok(Self {
            options,
            model: found.name,
            path: found.path,
            tokenizer,
            template,
            text,
            threads,
            repeats,
            patience: Duration::from_secs(seconds),
        })
    }

    fn measure(&self, launches: &[Launch]) -> Result<()> {
        eprintln!("{}: {} threads, {} repetitions", self.model, self.threads, self.repeats);
        let mut sides = Vec::new();
        for launch in launches {
            let mut side = Side::start(launch, self.threads)?;
            if side.open(self)?.is_some() {
                sides.push(side);
            } else if sides.is_empty() {
                eprintln!("{}: skipped: without our engine there is nothing to compare", self.model);
                return Ok(());
            }
        }
        // What is done only once is done before anything counts.
        for side in &mut sides {
            side.ask(&self.model, &self.generate_request(64, 0, 4)?);
        }
        warn_if_busy();
        let single = speed::measure(self, &mut sides)?;
        speed::measure_batch(self, &mut sides, single)?;
        session::measure(self, &mut sides)?;
        speculation::measure(self, &mut sides, &launches[0])?;
        let open: Vec<Launch> = sides.iter().map(Side::launch).collect();
        // What is measured next has the machine's memory for itself.
        drop(sides);
        life::load(self, &open)?;
        life::memory(self, &open)
    }

    /// The request to load the model.
    pub(super) fn open_request(&self) -> Result<Request<'_>> {
        Ok(Request::Open {
            path: self.path.clone(),
            threads: self.threads,
            context: CONTEXT,
            tokens: self.text.part(8, 0)?.into(),
        })
    }

    /// The request to read this many tokens and to write `count`; no two numbers have a prompt in common.
    pub(super) fn generate_request(&self, length: usize, number: usize, count: usize) -> Result<Request<'_>> {
        let tokens = self.text.part(length, number)?;
        let text = self.tokenizer.decode(tokens);
        Ok(Request::Generate { tokens: tokens.into(), text: text.into(), count })
    }

    /// These messages and tools as a prompt.
    pub(super) fn turn(&self, messages: Vec<Message>, tools: Vec<ToolSpec>) -> Result<Turn> {
        Turn::new(&self.template, &self.tokenizer, messages, tools)
    }

    /// The case's name.
    pub(super) fn case(&self, rest: &str) -> String {
        format!("{}/{rest}{}", self.model, self.options.threads_suffix(self.threads))
    }
}
