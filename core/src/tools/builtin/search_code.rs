mod hits;

use std::path::PathBuf;
use std::sync::Arc;

use grep_regex::{RegexMatcher, RegexMatcherBuilder};
use grep_searcher::{BinaryDetection, Searcher, SearcherBuilder};
use ignore::overrides::{Override, OverrideBuilder};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use self::hits::Hits;
use super::workspace::Workspace;
use crate::schema::excerpt;
use crate::setters::setters;
use crate::tools::blocking;
use crate::{FunctionTool, Result};

const DESCRIPTION: &str = "\
Searches the files of the workspace line by line; gives hits as path:line:text, with the lines around them as path-line-text.";

/// Bytes of what is searched for.
const MAX_QUERY_BYTES: usize = 1000;
/// Bytes of a compiled expression, and of what it remembers while it searches.
const MAX_REGEX_BYTES: usize = 4 << 20;

/// What [`search_code`] may search and give.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
#[non_exhaustive]
pub struct SearchCodeOptions {
    /// At most this many lines are found. Default 50.
    pub max_hits: usize,
    /// Lines that are shown before and after each. Default 1.
    pub context_lines: usize,
    /// At most about this much text is given. Default 12 KiB.
    pub max_output_bytes: usize,
    /// Larger files are not searched. Default 1 MiB.
    pub max_file_bytes: u64,
    /// Whether files and folders whose names begin with a dot are searched, but for `.git`. Default not.
    pub hidden: bool,
}

setters!(SearchCodeOptions {
    max_hits: usize,
    context_lines: usize,
    max_output_bytes: usize,
    max_file_bytes: u64,
    hidden: bool,
});

impl Default for SearchCodeOptions {
    fn default() -> Self {
        Self {
            max_hits: 50,
            context_lines: 1,
            max_output_bytes: 12 << 10,
            max_file_bytes: 1 << 20,
            hidden: false,
        }
    }
}

#[derive(Debug, Clone, Deserialize, JsonSchema)]
struct Arguments {
    /// What to look for; upper and lower case are the same unless it has upper case
    query: String,
    /// Whether the query is a text or a regular expression; a text by default
    mode: Option<Mode>,
    /// Which files, for example `*.rs` or `src/**`; all by default
    glob: Option<String>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
enum Mode {
    Text,
    Regex,
}

/// The tool `search_code`: lines of the text files below `root` that hold a text or match a regular expression.
///
/// Files are searched in the order of their paths, so that the same files give the same output. Those that
/// `.gitignore`, `.ignore` or `.git/info/exclude` name are left out, also if `root` is no repository; binary files
/// too. A `glob` is one of `.gitignore`; it chooses among the files that are left. One that no file matches is a model's
/// guess: all files are searched then, and the output says so. What is said by more hits than fit is left out, and the
/// output says that, too. Search by meaning is what
/// [`search_knowledge`](super::search_knowledge) does, over a knowledge base of the same folder.
///
/// A value in its [cache](crate::ToolPolicy::cache) holds until a file that can be searched comes, goes, or changes its size or
/// time, which takes a look at all of them; what was written less than two seconds ago is not kept.
///
/// # What it can never do
///
/// - Show anything outside of `root`: links are not followed, and files are opened from the opened folder, whoever swaps
///   folders for links meanwhile. Only the names in ignore files above `root` are read.
/// - Show what ignore files hide, or write anything.
/// - Take exponential time: expressions have no back-references, and what they compile to is bounded. When nobody waits
///   any more, it ends with the file that it is searching.
///
/// # Errors
///
/// [`Error::Io`](crate::Error::Io): `root` cannot be opened as a folder. [`Error::Invalid`](crate::Error::Invalid): no
/// hits or bytes of output are allowed.
pub fn search_code(root: impl Into<PathBuf>, options: SearchCodeOptions) -> Result<FunctionTool> {
    for (name, value) in [("`max_hits`", options.max_hits), ("`max_output_bytes`", options.max_output_bytes)]
    {
        if value == 0 {
            return Err(crate::Error::invalid(name, "expected more than 0, got 0"));
        }
    }
    let workspace = Arc::new(Workspace::open(&root.into(), options.hidden)?);
    let options = Arc::new(options);
    let versioned = (Arc::clone(&workspace), options.max_file_bytes);
    let tool = FunctionTool::new("search_code", DESCRIPTION, move |arguments: Arguments| {
        let (workspace, options) = (Arc::clone(&workspace), Arc::clone(&options));
        async move {
            let waiting = Arc::new(());
            let waits = Arc::downgrade(&waiting);
            let found =
                blocking(move || search(&workspace, &arguments, &options, &|| waits.strong_count() > 0));
            found.await.map_err(|error| error.chain())?
        }
    });
    Ok(tool.version(move |_: Arguments| {
        let (workspace, max_bytes) = versioned.clone();
        async move {
            let version = blocking(move || workspace.version_of_files(max_bytes));
            version.await.map_err(|error| error.chain())?
        }
    }))
}

/// Searches file after file while `is_wanted`.
fn search(
    workspace: &Workspace,
    arguments: &Arguments,
    options: &SearchCodeOptions,
    is_wanted: &dyn Fn() -> bool,
) -> Result<String, String> {
    let matcher = matcher(arguments)?;
    let chosen = arguments.glob.as_deref().map(|glob| chosen(workspace, glob)).transpose()?;
    let mut searcher = searcher(options);
    let mut hits = Hits::new(options);
    let mut is_any_chosen = false;
    for entry in workspace.files(options.max_file_bytes) {
        if hits.is_full() || !is_wanted() {
            break;
        }
        let Ok(path) = entry.path().strip_prefix(workspace.root()) else { continue };
        if chosen.as_ref().is_some_and(|chosen| chosen.matched(path, false).is_ignore()) {
            continue;
        }
        is_any_chosen = true;
        let Ok(file) = workspace.open_file(path) else { continue };
        if !file.metadata().is_ok_and(|metadata| metadata.is_file()) {
            continue;
        }
        hits.search(&mut searcher, &matcher, path, file);
    }
    match &arguments.glob {
        Some(glob) if !is_any_chosen && is_wanted() => {
            let everywhere = Arguments { glob: None, ..arguments.clone() };
            let found = search(workspace, &everywhere, options, is_wanted)?;
            Ok(format!("no file matches `{}`; in all files:\n{found}", excerpt(glob)))
        }
        _ => Ok(hits.into_text(&arguments.query)),
    }
}

fn matcher(arguments: &Arguments) -> Result<RegexMatcher, String> {
    let query = &arguments.query;
    if !(1..=MAX_QUERY_BYTES).contains(&query.len()) {
        return Err(format!("expected a query of 1 to {MAX_QUERY_BYTES} bytes, got {}", query.len()));
    }
    let mut builder = RegexMatcherBuilder::new();
    builder.case_smart(true).line_terminator(Some(b'\n'));
    builder.size_limit(MAX_REGEX_BYTES).dfa_size_limit(MAX_REGEX_BYTES);
    builder.fixed_strings(arguments.mode != Some(Mode::Regex));
    let built = builder.build(query);
    built.map_err(|error| {
        format!("expected a regular expression for one line, got `{}`: {error}", excerpt(query))
    })
}

fn chosen(workspace: &Workspace, glob: &str) -> Result<Override, String> {
    let mut builder = OverrideBuilder::new(workspace.root());
    let built = builder.add(glob).and_then(|builder| builder.build());
    built.map_err(|error| format!("expected a glob, got `{}`: {error}", excerpt(glob)))
}

fn searcher(options: &SearchCodeOptions) -> Searcher {
    SearcherBuilder::new()
        .line_number(true)
        .before_context(options.context_lines)
        .after_context(options.context_lines)
        .binary_detection(BinaryDetection::quit(0))
        .build()
}

#[cfg(test)]
mod tests;
