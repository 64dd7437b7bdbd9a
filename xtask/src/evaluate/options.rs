use std::fs;
use std::path::{Path, PathBuf};

use clap::{Args, ValueEnum};

use super::{chunks, commands, embeddings, greedy, quality, retrieval, templates, tokenizers, tools};
use crate::failure::{Failure, Result};
use crate::pattern::matches;
use crate::workspace;

/// The areas of [`Area`] by name.
pub(crate) const AREAS: [&str; 9] = [
    "tokenizers",
    "templates",
    "greedy",
    "quality",
    "embeddings",
    "retrieval",
    "chunks",
    "tools",
    "commands",
];

#[derive(Debug, Clone, Copy, ValueEnum)]
enum Area {
    /// Token ids against recorded ones, and round trips
    Tokenizers,
    /// Rendered chat templates against recorded ones
    Templates,
    /// Greedy output against llama.cpp's, token for token
    Greedy,
    /// Probabilities against exact ones, beside llama.cpp's
    Quality,
    /// Sentence vectors against those of sentence-transformers
    Embeddings,
    /// nDCG@10 and recall@100 of lexical, dense, hybrid and reranked search, beside published scores
    Retrieval,
    /// What reusing retrieved chunks costs in answers and gains in time
    Chunks,
    /// Calls of tools: valid, right, and not made where none is right, beside llama.cpp's
    Tools,
    /// Requests that become commands of kubectl: valid, and right, with and without a grammar
    Commands,
}

/// Measures quality, one JSON line per figure on the standard output.
#[derive(Debug, Args)]
pub(crate) struct Options {
    /// What to evaluate.
    area: Area,
    /// Sets to use instead of the default ones, in the same layout, one folder each.
    #[arg(long, value_name = "DIR")]
    pub(crate) data: Option<PathBuf>,
    /// The model under test, by name or path.
    #[arg(long, value_name = "NAME|PATH")]
    pub(crate) model: Option<String>,
    /// Only the cases whose name contains PATTERN; `*` stands for anything.
    #[arg(long, value_name = "PATTERN")]
    cases: Option<String>,
    /// A smaller measurement, for a first look.
    #[arg(long)]
    pub(crate) quick: bool,
}

/// One folder of data.
#[derive(Debug)]
pub(crate) struct Set {
    /// The folder's name.
    pub(crate) name: String,
    /// The folder.
    pub(crate) path: PathBuf,
}

impl Options {
    /// Whether the case `name` was asked for.
    pub(crate) fn wants(&self, name: &str) -> bool {
        self.cases.as_deref().is_none_or(|pattern| matches(pattern, name))
    }

    /// Whether only some cases were asked for.
    pub(crate) fn names_cases(&self) -> bool {
        self.cases.is_some()
    }

    /// The sets that have the file `member`: of `--data`, else of the shared data beside the repository,
    /// else of the fixtures in it. At least one.
    pub(crate) fn sets(&self, member: &str) -> Result<Vec<Set>> {
        let root = workspace::root();
        let shared = root.join("../shared/data");
        let fixtures = root.join("core/models/tests/fixtures");
        let places = match &self.data {
            Some(data) => vec![data.clone()],
            None => vec![shared, fixtures],
        };
        for place in &places {
            let sets = sets_in(place, member);
            if !sets.is_empty() {
                return Ok(sets);
            }
        }
        let places: Vec<_> = places.iter().map(|place| format!("`{}`", place.display())).collect();
        Err(Failure::new(format!("no folder with a file `{member}` in {}", places.join(" or "))))
    }
}

/// Runs the area that was asked for.
pub(crate) fn run(options: &Options) -> Result<()> {
    match options.area {
        Area::Tokenizers => tokenizers::run(options),
        Area::Templates => templates::run(options),
        Area::Greedy => greedy::run(options),
        Area::Quality => quality::run(options),
        Area::Embeddings => embeddings::run(options),
        Area::Retrieval => retrieval::run(options),
        Area::Chunks => chunks::run(options),
        Area::Tools => tools::run(options),
        Area::Commands => commands::run(options),
    }
}

/// `place` itself and its folders, where they have `member`, by name.
fn sets_in(place: &Path, member: &str) -> Vec<Set> {
    let mut folders: Vec<PathBuf> = fs::read_dir(place)
        .map(|entries| entries.filter_map(|entry| Some(entry.ok()?.path())).collect())
        .unwrap_or_default();
    folders.push(place.to_path_buf());
    folders.sort();
    let with_member = folders.into_iter().filter(|folder| folder.join(member).is_file());
    let named = with_member.filter_map(|path| {
        let full = path.canonicalize().ok()?;
        Some(Set { name: full.file_name()?.to_string_lossy().into_owned(), path })
    });
    named.collect()
}
