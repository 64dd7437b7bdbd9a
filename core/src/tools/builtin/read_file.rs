use std::num::NonZeroUsize;
use std::path::PathBuf;
use std::sync::Arc;

use futures::FutureExt;
use futures::future::BoxFuture;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::workspace::Workspace;
use crate::schema::excerpt;
use crate::setters::setters;
use crate::tools::{ToolContext, blocking};
use crate::{FunctionTool, Result};

const DESCRIPTION: &str = "Reads a text file of the workspace, or some of its lines.";

/// What [`read_file`] may read.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
#[non_exhaustive]
pub struct ReadFileOptions {
    /// Larger files are refused. Default 1 MiB.
    pub max_file_bytes: u64,
    /// At most this much text is given at once, in whole lines where they fit. Default 12 KiB.
    pub max_output_bytes: usize,
    /// Whether files and folders whose names begin with a dot may be read: they often hold secrets. Default not.
    pub hidden: bool,
    /// Up to so many files are listed for each run, and no other path can be asked for: small models do not invent one then.
    /// Where there are more, none is listed; nor are files that ignore files name. Default 0: any path.
    pub list_files: usize,
}

setters!(ReadFileOptions { max_file_bytes: u64, max_output_bytes: usize, hidden: bool, list_files: usize });

impl Default for ReadFileOptions {
    fn default() -> Self {
        Self { max_file_bytes: 1 << 20, max_output_bytes: 12 << 10, hidden: false, list_files: 0 }
    }
}

#[derive(Debug, Deserialize, JsonSchema)]
struct Arguments {
    // Small models copy an example and fill in what may be left out, unless it says for what it is.
    /// Path of the file from the root of the workspace
    path: String,
    /// First line to read, only for a part of the file
    start_line: Option<NonZeroUsize>,
    /// Last line to read, only for a part of the file
    end_line: Option<NonZeroUsize>,
}

/// The tool `read_file`: the text of a file below `root`, or a range of its lines.
///
/// What does not fit into one output is cut after a line, and the output says where to go on.
///
/// A value in its [cache](crate::ToolPolicy::cache) holds until the file's size or time changes. What was written less than two
/// seconds ago is not kept, since a file may change again without another time.
///
/// # What it can never do
///
/// - Read anything outside of `root`: not by `..`, an absolute path, or a link, and not while somebody else swaps
///   folders and links: paths are resolved from the opened folder. Links within it are followed if they are
///   relative. A hard link is a file like any other.
/// - Write, list folders, or wait for a pipe or device: only regular files are read.
/// - Give bytes that are no text: binary files and files that are not UTF-8 are refused, with the place.
///
/// # Errors
///
/// [`Error::Io`](crate::Error::Io): `root` cannot be opened as a folder. [`Error::Invalid`](crate::Error::Invalid): no
/// bytes of output are allowed.
pub fn read_file(root: impl Into<PathBuf>, options: ReadFileOptions) -> Result<FunctionTool> {
    if options.max_output_bytes == 0 {
        return Err(crate::Error::invalid("`max_output_bytes`", "expected more than 0, got 0"));
    }
    let workspace = Workspace::open(&root.into(), options.hidden)?;
    let lists_files = options.list_files > 0;
    let shared = Arc::new((workspace, options));
    let given = apart(&shared, |workspace, options, arguments| read(workspace, options, &arguments));
    let version = apart(&shared, |workspace, _, arguments: Arguments| workspace.version(&arguments.path));
    let paths = apart(&shared, |workspace, options, _: ToolContext| Ok(listed(workspace, options)));
    let tool = FunctionTool::new("read_file", DESCRIPTION, given).version(version);
    Ok(if lists_files { tool.choices("path", paths) } else { tool })
}

/// A function of the workspace as an async one, on a thread for such work.
fn apart<A: Send + 'static, T: Send + 'static>(
    shared: &Arc<(Workspace, ReadFileOptions)>,
    work: fn(&Workspace, &ReadFileOptions, A) -> Result<T, String>,
) -> impl Fn(A) -> BoxFuture<'static, Result<T, String>> + Send + Sync + 'static {
    let shared = Arc::clone(shared);
    move |given| {
        let shared = Arc::clone(&shared);
        let work = blocking(move || work(&shared.0, &shared.1, given));
        async move { work.await.map_err(|error| error.chain())? }.boxed()
    }
}

/// The paths of all files, if there are no more than may be listed.
fn listed(workspace: &Workspace, options: &ReadFileOptions) -> Option<Vec<String>> {
    let files = workspace.files(options.max_file_bytes).filter_map(|file| {
        let path = file.path().strip_prefix(workspace.root()).ok()?.to_str()?;
        Some(path.replace(std::path::MAIN_SEPARATOR, "/"))
    });
    let paths: Vec<String> = files.take(options.list_files.saturating_add(1)).collect();
    (paths.len() <= options.list_files).then_some(paths)
}

fn read(workspace: &Workspace, options: &ReadFileOptions, arguments: &Arguments) -> Result<String, String> {
    let bytes = workspace.read(&arguments.path, options.max_file_bytes)?;
    let shown = excerpt(&arguments.path);
    let text = text_of(bytes, &shown)?;
    let first = arguments.start_line.map_or(1, NonZeroUsize::get);
    let last = arguments.end_line.map_or(usize::MAX, NonZeroUsize::get);
    if last < first {
        return Err(format!("expected `end_line` at or after `start_line`, got {last} and {first}"));
    }
    lines(&text, first, last, options.max_output_bytes)
        .map_err(|count| format!("`{shown}` has {count} lines, got `start_line` {first}"))
}

fn text_of(bytes: Vec<u8>, shown: &str) -> Result<String, String> {
    if bytes.contains(&0) {
        return Err(format!("expected a text file, got `{shown}`, which is binary"));
    }
    let text = String::from_utf8(bytes).map_err(|error| {
        let place = error.utf8_error().valid_up_to();
        let line = error.as_bytes()[..place].split(|byte| *byte == b'\n').count();
        let byte = error.as_bytes()[place];
        format!("expected text in UTF-8, got byte {byte:#04x} in line {line} of `{shown}`")
    })?;
    Ok(match text.strip_prefix('\u{feff}') {
        Some(rest) => rest.to_owned(),
        None => text,
    })
}

/// The lines from `first` to `last`, as many as there is room for; the number of lines if there are not so many.
fn lines(text: &str, first: usize, last: usize, room: usize) -> Result<String, usize> {
    let all: Vec<&str> = text.split_inclusive('\n').collect();
    let count = all.len();
    if first > count.max(1) {
        return Err(count);
    }
    let wanted = &all[first - 1..last.min(count)];
    let mut size = 0;
    let fits = |line: &&&str| {
        size += line.len();
        size <= room
    };
    let fitting = wanted.iter().take_while(fits).count();
    let mut output = wanted[..fitting].concat();
    let end = first + fitting - 1;
    match wanted.get(fitting) {
        None if wanted.len() == count => {}
        None => note(&mut output, &format!("lines {first} to {end} of {count}")),
        Some(line) if fitting == 0 => {
            output.push_str(&line[..line.floor_char_boundary(room)]);
            let bytes = line.len();
            note(&mut output, &format!("line {first} of {count}, cut: it has {bytes} bytes"));
        }
        Some(_) => {
            note(&mut output, &format!("lines {first} to {end} of {count}; go on at line {}", end + 1));
        }
    }
    Ok(output)
}

/// Says at the end what part of the file this is.
fn note(output: &mut String, words: &str) {
    if !output.ends_with('\n') {
        output.push('\n');
    }
    output.push('[');
    output.push_str(words);
    output.push(']');
}

#[cfg(test)]
mod tests;
