use std::path::PathBuf;
use std::process::ExitCode;

use clap::Args;

/// The areas in which peers are run side by side with us; the issues on speed and on peers fill them.
const AREAS: [&str; 0] = [];

/// Measures us against peers on this machine, one JSON line per figure.
///
/// A line is `{"figure", "case", "ours", "peer", "theirs", "ratio"}`; a ratio above 1 means that we are better.
#[derive(Debug, Args)]
pub(crate) struct Options {
    /// What to compare.
    area: String,
    /// Sets to use instead of the default ones, one folder each.
    #[arg(long, value_name = "DIR")]
    data: Option<PathBuf>,
    /// The language model, by name or path.
    #[arg(long, value_name = "NAME|PATH")]
    model: Option<String>,
    /// Only the cases whose name contains PATTERN; `*` stands for anything.
    #[arg(long, value_name = "PATTERN")]
    cases: Option<String>,
    /// A smaller measurement.
    #[arg(long)]
    quick: bool,
}

/// The areas as the help shows them.
pub(crate) fn listed() -> String {
    if AREAS.is_empty() { "none yet".to_owned() } else { AREAS.join(", ") }
}

/// No area exists yet, so that every call is one for an unknown area.
pub(crate) fn run(options: &Options) -> ExitCode {
    eprintln!("error: unknown area `{}` of compare, expected one of: {}", options.area, listed());
    ExitCode::from(2)
}
