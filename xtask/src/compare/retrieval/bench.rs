use std::path::PathBuf;
use std::thread;
use std::time::{Duration, Instant};

use super::data::Data;
use super::{documents, encoder, exact, filtered, graph, words};
use crate::compare::Options;
use crate::compare::busy::warn_if_busy;
use crate::compare::report::{Better, report, series};
use crate::compare::turns::{PAUSE, turns};
use crate::engine::retrieval::{self, Peer, Reply, Task};
use crate::engine::{self, Build, Engine, Launch};
use crate::failure::{Failure, Result};
use crate::workspace;

/// What is measured, and with how many threads.
#[derive(Debug)]
pub(super) struct Bench<'a> {
    pub(super) options: &'a Options,
    pub(super) data: &'a Data,
    /// For files that are kept from run to run.
    pub(super) folder: PathBuf,
    pub(super) threads: usize,
    ours: &'a Launch,
    peers: &'a [Peer],
    /// How often each engine is asked.
    repeats: usize,
    /// An engine that needed this long for a case is not asked again.
    patience: Duration,
    /// Peers that could not be installed.
    missing: Vec<&'static str>,
}

/// Measures everything that was asked for with every engine.
pub(in crate::compare) fn run(options: &Options) -> Result<()> {
    let build = options.build();
    if let Build::Gpu(_) = build {
        return Err(Failure::new("expected `--gpu` with `llm` only: nothing of retrieval runs on a GPU"));
    }
    let asked = options.peers(&Peer::ALL, |peer| peer.name)?;
    let peers = if asked.is_empty() { usual_peers() } else { asked.clone() };
    let ours = retrieval::launch(&engine::release(build)?);
    if build != Build::Native {
        eprintln!("only our engine leaves out what came after the level: peers choose by themselves");
    }
    let data = Data::read(options)?;
    let folder = workspace::target()?.join("compare/retrieval");
    workspace::folder(&folder)?;
    warn_if_busy();
    let (repeats, seconds) = if options.quick { (3, 60) } else { (5, 300) };
    let mut missing = Vec::new();
    for threads in options.thread_counts()? {
        let mut bench = Bench {
            options,
            data: &data,
            folder: folder.clone(),
            threads,
            ours: &ours,
            peers: &peers,
            repeats,
            patience: Duration::from_secs(seconds),
            missing: Vec::new(),
        };
        bench.measure()?;
        missing = bench.missing;
    }
    options.ended_without(&missing)
}

/// All peers but those that have to be asked for.
fn usual_peers() -> Vec<Peer> {
    let (large, usual): (Vec<Peer>, Vec<Peer>) = Peer::ALL.into_iter().partition(|peer| peer.is_large);
    for peer in large {
        eprintln!("{0}: left out, installing it takes gigabytes; `--peer {0}` brings it in", peer.name);
    }
    usual
}

impl Bench<'_> {
    fn measure(&mut self) -> Result<()> {
        graph::measure(self)?;
        exact::measure(self)?;
        filtered::measure(self)?;
        words::measure(self)?;
        encoder::measure(self)?;
        documents::measure(self)
    }

    /// A number of things, or fewer for a first look.
    pub(super) fn size(&self, whole: usize, quick: usize) -> usize {
        if self.options.quick { quick } else { whole }
    }

    /// The case's name.
    pub(super) fn case(&self, name: &str) -> String {
        format!("{name}{}", self.options.threads_suffix(self.threads))
    }

    /// Whether one of these figures was asked for.
    pub(super) fn wants(&self, figures: &[&str], case: &str) -> bool {
        figures.iter().any(|figure| self.options.wants(figure, case))
    }

    /// Our engine alone.
    pub(super) fn ours(&self) -> Result<Engine> {
        self.ours.start(self.threads)
    }

    /// What finds the exact neighbours.
    pub(super) fn exact(&self) -> Result<Engine> {
        retrieval::exact()?.start(self.threads)
    }

    /// Our engine and then the peers for this task, installed if need be.
    pub(super) fn sides(&mut self, task: Task) -> Result<Vec<Engine>> {
        let mut sides = vec![self.ours()?];
        for peer in self.peers.iter().filter(|peer| peer.task == task) {
            match retrieval::install(peer) {
                Ok(launch) => sides.push(launch.start(self.threads)?),
                Err(failure) => {
                    eprintln!("{}: left out, not installed: {failure}", peer.name);
                    if !self.missing.contains(&peer.name) {
                        self.missing.push(peer.name);
                    }
                }
            }
        }
        Ok(sides)
    }

    /// Asks every side in turn, over and over, and gives each side's replies. A side without a reply is not asked
    /// again; `ask` gets the numbers of the side and of the repetition.
    pub(super) fn alternate(
        &self,
        sides: &mut [Engine],
        mut ask: impl FnMut(&mut Engine, usize, usize) -> Option<Reply>,
    ) -> Vec<Vec<Reply>> {
        let mut replies: Vec<Vec<Reply>> = sides.iter().map(|_| Vec::new()).collect();
        let mut left = vec![self.patience; sides.len()];
        for (repeat, index) in turns(sides.len(), self.repeats) {
            if left[index].is_zero() {
                continue;
            }
            thread::sleep(PAUSE);
            let start = Instant::now();
            let reply = ask(&mut sides[index], index, repeat);
            left[index] =
                if reply.is_some() { left[index].saturating_sub(start.elapsed()) } else { Duration::ZERO };
            replies[index].extend(reply);
        }
        replies
    }

    /// Prints one figure of a case; the first side is ours.
    pub(super) fn report(
        &self,
        figure: &str,
        case: &str,
        better: Better,
        (sides, replies): (&[Engine], &[Vec<Reply>]),
        number: impl Fn(&Reply) -> f64,
    ) {
        let all = series(sides.iter().map(Engine::name), replies, number);
        report(self.options, figure, case, better, &all);
    }
}
