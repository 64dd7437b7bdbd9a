use std::path::PathBuf;
use std::thread::available_parallelism;

use clap::{Args, ValueEnum};

use super::{agent, llm, retrieval};
use crate::engine::{Build, Gpu, Level};
use crate::failure::{Failure, Result};
use crate::pattern::matches;

/// The areas of [`Area`] by name.
pub(crate) const AREAS: [&str; 3] = ["llm", "retrieval", "agent"];

#[derive(Debug, Clone, Copy, ValueEnum)]
enum Area {
    /// Language models: reading, writing, first token, loading, memory
    Llm,
    /// Vectors, words, sentence encoders and documents: building, searching, memory
    Retrieval,
    /// What a turn of an agent takes beside its model, in three languages
    Agent,
}

/// Measures us against peers on this machine, one JSON line per figure.
///
/// A line is `{"figure", "case", "ours", "peer", "theirs", "ratio"}`; a ratio above 1 means that we are better. Peers
/// are installed under the target folder. All engines run on the same files, threads and prompts, in turn.
#[derive(Debug, Args)]
pub(crate) struct Options {
    /// What to compare.
    area: Area,
    /// A folder of Markdown and text files to read instead of the examples' documents; for `retrieval` also of sets in
    /// the layout of the BEIR benchmark, by default those in `../shared/data` beside the repository.
    #[arg(long, value_name = "DIR")]
    pub(super) data: Option<PathBuf>,
    /// A language model, by name or path; may be repeated. Only for `llm`.
    #[arg(long, value_name = "NAME|PATH")]
    pub(super) model: Vec<String>,
    /// Only the lines whose `FIGURE/CASE` contains PATTERN; `*` stands for anything.
    #[arg(long, value_name = "PATTERN")]
    cases: Option<String>,
    /// Shorter prompts and fewer repetitions.
    #[arg(long)]
    pub(super) quick: bool,
    /// The threads that each engine computes with; several numbers (`1,2,4`) measure everything with each, and cases end
    /// with `/N-threads`. Default: one for each core.
    #[arg(long, value_name = "N", value_delimiter = ',')]
    pub(super) threads: Vec<usize>,
    /// Only this peer; may be repeated. On a GPU or a level llama.cpp alone takes part.
    #[arg(long, value_name = "NAME")]
    peer: Vec<String>,
    /// Builds our engine and llama.cpp for a GPU of this machine instead of the CPU.
    #[arg(long, value_name = "KIND")]
    gpu: Option<Gpu>,
    /// Leaves out what this processor has beyond a level: our engine masks it, and llama.cpp is built without it.
    #[arg(long, value_name = "LEVEL", conflicts_with = "gpu")]
    level: Option<Level>,
}

impl Options {
    /// What the engines are built for.
    pub(super) fn build(&self) -> Build {
        match (self.gpu, self.level) {
            (Some(gpu), _) => Build::Gpu(gpu),
            (None, Some(level)) => Build::Level(level),
            (None, None) => Build::Native,
        }
    }

    /// Those of an area's peers that were asked for, by name; nothing if none was.
    pub(super) fn peers<P: Copy>(&self, all: &[P], name: impl Fn(&P) -> &'static str) -> Result<Vec<P>> {
        let named = |asked: &String| {
            all.iter().copied().find(|peer| name(peer) == asked).ok_or_else(|| {
                let names: Vec<_> = all.iter().map(&name).collect();
                Failure::new(format!("expected a peer of {}, got `{asked}`", names.join(", ")))
            })
        };
        self.peer.iter().map(named).collect()
    }

    /// The end of a comparison: peers that were asked for and are not installed make it a failure.
    pub(super) fn ended_without(&self, missing: &[&str]) -> Result<()> {
        if missing.is_empty() || self.peer.is_empty() {
            return Ok(());
        }
        Err(Failure::new(format!("not compared with what was asked for: {}", missing.join(", "))))
    }

    /// The numbers of threads to measure with.
    pub(super) fn thread_counts(&self) -> Result<Vec<usize>> {
        match self.threads.as_slice() {
            [] => Ok(vec![available_parallelism().map_or(1, usize::from)]),
            named if named.contains(&0) => Err(Failure::new("expected at least 1 of `--threads`, got 0")),
            named => Ok(named.to_vec()),
        }
    }

    /// The end of a case's name where several numbers of threads are measured.
    pub(super) fn threads_suffix(&self, threads: usize) -> String {
        if self.threads.len() < 2 { String::new() } else { format!("/{threads}-threads") }
    }

    /// Whether a line was asked for.
    pub(super) fn wants(&self, figure: &str, case: &str) -> bool {
        self.cases.as_deref().is_none_or(|pattern| matches(pattern, &format!("{figure}/{case}")))
    }
}

/// Runs the area that was asked for.
pub(crate) fn run(options: &Options) -> Result<()> {
    match options.area {
        Area::Llm => llm::run(options),
        Area::Retrieval => retrieval::run(options),
        Area::Agent => agent::run(options),
    }
}
