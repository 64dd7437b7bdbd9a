use std::path::PathBuf;

use clap::{Args, ValueEnum};

use super::llm;
use crate::engine::{Build, Gpu, Level, Peer};
use crate::failure::Result;
use crate::pattern::matches;

/// The areas of [`Area`] by name.
pub(crate) const AREAS: [&str; 1] = ["llm"];

#[derive(Debug, Clone, Copy, ValueEnum)]
enum Area {
    /// Language models: reading, writing, first token, loading, memory
    Llm,
}

/// Measures us against peers on this machine, one JSON line per figure.
///
/// A line is `{"figure", "case", "ours", "peer", "theirs", "ratio"}`; a ratio above 1 means that we are better. Peers
/// are installed under the target folder. All engines run on the same files, threads and prompts, in turn.
#[derive(Debug, Args)]
pub(crate) struct Options {
    /// What to compare.
    area: Area,
    /// A folder of Markdown and text files to read instead of the examples' documents.
    #[arg(long, value_name = "DIR")]
    pub(super) data: Option<PathBuf>,
    /// A language model, by name or path; may be repeated.
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
    pub(super) peer: Vec<Peer>,
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

    /// Whether a line was asked for.
    pub(super) fn wants(&self, figure: &str, case: &str) -> bool {
        self.cases.as_deref().is_none_or(|pattern| matches(pattern, &format!("{figure}/{case}")))
    }
}

/// Runs the area that was asked for.
pub(crate) fn run(options: &Options) -> Result<()> {
    match options.area {
        Area::Llm => llm::run(options),
    }
}
