use std::collections::HashSet;
use std::fs::Metadata;
use std::path::{Component, Path, PathBuf};
use std::time::{Duration, SystemTime};

use globset::{GlobBuilder, GlobMatcher};
use walkdir::{DirEntry, WalkDir};

use super::JsonLines;
use super::format::Format;
use crate::retrieval::FailedDocument;
use crate::{Error, Result};

/// A file changed less than this long ago may change again without a new time of change.
const CLOCK_STEP: Duration = Duration::from_secs(2);

/// A file to ingest.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::retrieval) struct Found {
    /// The path as the caller would write it, with `/` between its parts.
    pub(in crate::retrieval) source: String,
    /// Where to read it.
    pub(in crate::retrieval) path: PathBuf,
    /// The path without links, by which the file is known again.
    pub(in crate::retrieval) resolved: String,
    /// Size in bytes.
    pub(in crate::retrieval) size: i64,
    /// When it was changed, in nanoseconds since 1970; nothing when that was just now.
    pub(in crate::retrieval) modified: Option<i64>,
}

/// What was found.
#[derive(Debug, Default)]
pub(in crate::retrieval) struct Listing {
    /// The directory without links, if it was one.
    pub(in crate::retrieval) root: Option<PathBuf>,
    pub(in crate::retrieval) files: Vec<Found>,
    pub(in crate::retrieval) failed: Vec<FailedDocument>,
}

/// The files under a directory whose formats are known, or else those whose paths below it match `glob`, by
/// path. Hidden files are left out, links are followed, and each file is listed once, however many links lead to it.
pub(in crate::retrieval) fn list_dir(dir: &Path, glob: Option<&str>) -> Result<Listing> {
    let glob = glob.map(matcher).transpose()?;
    let root = dir.canonicalize().map_err(|error| Error::io("read the directory", dir, error))?;
    if !root.is_dir() {
        let not_a_directory = std::io::Error::from(std::io::ErrorKind::NotADirectory);
        return Err(Error::io("read the directory", dir, not_a_directory));
    }
    let mut listing = Listing { root: Some(root), ..Listing::default() };
    let mut seen = HashSet::new();
    let walk = WalkDir::new(dir).follow_links(true).sort_by_file_name();
    for entry in walk.into_iter().filter_entry(|entry| entry.depth() == 0 || !is_hidden(entry)) {
        match entry {
            Ok(entry) if entry.file_type().is_file() && is_wanted(entry.path(), dir, glob.as_ref()) => {
                listing.add(entry.path(), entry.metadata().map_err(|error| error.to_string()), &mut seen);
            }
            Ok(_) => {}
            Err(error) if error.loop_ancestor().is_some() => {}
            Err(error) => {
                let source = error.path().unwrap_or(dir).to_string_lossy().into_owned();
                let reason = error.io_error().map_or_else(|| error.to_string(), ToString::to_string);
                listing.failed.push(FailedDocument { source, reason });
            }
        }
    }
    Ok(listing)
}

/// These files, whatever their names.
pub(in crate::retrieval) fn list_files(files: &[PathBuf]) -> Listing {
    let mut listing = Listing::default();
    let mut seen = HashSet::new();
    for path in files {
        let metadata = match path.metadata() {
            Ok(metadata) if metadata.is_file() => Ok(metadata),
            Ok(_) => Err("expected a file, got a directory or device".to_owned()),
            Err(error) => Err(error.to_string()),
        };
        listing.add(path, metadata, &mut seen);
    }
    listing
}

impl Listing {
    fn add(&mut self, path: &Path, metadata: Result<Metadata, String>, seen: &mut HashSet<PathBuf>) {
        match metadata.and_then(|metadata| found(path, &metadata)) {
            Ok(found) => {
                if seen.insert(PathBuf::from(&found.resolved)) {
                    self.files.push(found);
                }
            }
            Err(reason) => {
                self.failed.push(FailedDocument { source: path.to_string_lossy().into_owned(), reason });
            }
        }
    }
}

fn found(path: &Path, metadata: &Metadata) -> Result<Found, String> {
    let source = source(path).ok_or("expected a path in UTF-8, got another encoding")?;
    let resolved = path.canonicalize().map_err(|error| error.to_string())?;
    let resolved =
        resolved.into_os_string().into_string().map_err(|_| "expected a path in UTF-8, got another")?;
    let modified = metadata
        .modified()
        .ok()
        .filter(|modified| SystemTime::now().duration_since(*modified).is_ok_and(|age| age > CLOCK_STEP));
    let modified = modified
        .and_then(|modified| modified.duration_since(SystemTime::UNIX_EPOCH).ok())
        .and_then(|since| i64::try_from(since.as_nanos()).ok());
    Ok(Found { source, path: path.to_owned(), resolved, size: metadata.len() as i64, modified })
}

/// The path without needless parts, with `/` between the others.
fn source(path: &Path) -> Option<String> {
    let path: PathBuf = path.components().filter(|component| *component != Component::CurDir).collect();
    Some(path.to_str()?.replace(std::path::MAIN_SEPARATOR, "/"))
}

fn is_hidden(entry: &DirEntry) -> bool {
    entry.file_name().as_encoded_bytes().starts_with(b".")
}

fn is_wanted(path: &Path, dir: &Path, glob: Option<&GlobMatcher>) -> bool {
    match glob {
        Some(glob) => glob.is_match(path.strip_prefix(dir).unwrap_or(path)),
        None => Format::of_name(path).is_some() || JsonLines::is_name(path),
    }
}

/// `*` and `?` stand for parts of a name, `**` for any number of folders, `{a,b}` for one of several.
fn matcher(glob: &str) -> Result<GlobMatcher> {
    let built = GlobBuilder::new(glob).literal_separator(true).build();
    let invalid = |error: globset::Error| Error::invalid("`glob`", format!("`{glob}`: {}", error.kind()));
    Ok(built.map_err(invalid)?.compile_matcher())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sources(listing: &Listing, dir: &Path) -> Vec<String> {
        let prefix = format!("{}/", dir.display());
        listing.files.iter().map(|found| found.source.replace(&prefix, "")).collect()
    }

    fn write(dir: &Path, names: &[&str]) {
        for name in names {
            let path = dir.join(name);
            std::fs::create_dir_all(path.parent().expect("a parent")).expect("a directory");
            std::fs::write(path, name).expect("a file");
        }
    }

    #[test]
    fn files_of_known_formats_are_listed_by_path_without_hidden_ones() {
        let dir = tempfile::tempdir().expect("a temporary directory");
        write(dir.path(), &["b.md", "a/z.txt", "a/B.MD", ".git/x.md", ".hidden.md", "image.png", "Makefile"]);
        write(dir.path(), &["c/d/main.rs", "c/page.html", "c/lines.jsonl"]);

        let listing = list_dir(dir.path(), None).expect("the directory can be read");

        assert_eq!(
            sources(&listing, dir.path()),
            ["a/B.MD", "a/z.txt", "b.md", "c/d/main.rs", "c/lines.jsonl", "c/page.html"]
        );
        assert!(listing.failed.is_empty());
    }

    #[test]
    fn a_glob_chooses_files_by_their_paths_whatever_their_names() {
        let dir = tempfile::tempdir().expect("a temporary directory");
        write(dir.path(), &["b.md", "a/z.txt", "a/c/y.md", "a/Makefile", "a/.hidden.md"]);
        let listed = |glob: &str| {
            let listing = list_dir(dir.path(), Some(glob)).expect("the directory can be read");
            sources(&listing, dir.path())
        };

        assert_eq!(listed("**/*.md"), ["a/c/y.md", "b.md"]);
        assert_eq!(listed("*.md"), ["b.md"]);
        assert_eq!(listed("a/{Make*,*.txt}"), ["a/Makefile", "a/z.txt"]);
        assert_eq!(listed("nothing"), Vec::<String>::new());
    }

    #[test]
    fn a_glob_that_cannot_be_understood_is_refused() {
        let error = list_dir(Path::new("."), Some("a[")).expect_err("the class is not closed");

        assert!(error.to_string().starts_with("invalid `glob`: `a[`: "), "{error}");
    }

    #[cfg(unix)]
    #[test]
    fn links_are_followed_loops_end_and_each_file_comes_once() {
        use std::os::unix::fs::symlink;

        let dir = tempfile::tempdir().expect("a temporary directory");
        std::fs::create_dir(dir.path().join("sub")).expect("a directory");
        std::fs::write(dir.path().join("sub/file.md"), "text").expect("a file");
        symlink(dir.path(), dir.path().join("sub/loop")).expect("a link");
        symlink(dir.path().join("sub/file.md"), dir.path().join("sub/other.md")).expect("a link");
        symlink(dir.path().join("nowhere"), dir.path().join("broken.md")).expect("a link");

        let listing = list_dir(dir.path(), None).expect("the directory can be read");

        assert_eq!(sources(&listing, dir.path()), ["sub/file.md"]);
        assert_eq!(listing.failed.len(), 1);
        assert!(listing.failed[0].source.ends_with("broken.md"), "{:?}", listing.failed);
    }

    #[test]
    fn a_missing_directory_is_an_error_and_a_missing_file_is_reported() {
        let dir = tempfile::tempdir().expect("a temporary directory");
        let missing = dir.path().join("missing");

        let error = list_dir(&missing, None).expect_err("there is no such directory");
        let listing = list_files(&[missing]);

        assert_eq!(error.kind(), crate::ErrorKind::Io);
        assert_eq!(listing.failed.len(), 1);
    }

    #[test]
    fn sources_do_not_depend_on_how_the_path_is_spelled() {
        assert_eq!(source(Path::new("./docs/./a.md")).as_deref(), Some("docs/a.md"));
        assert_eq!(source(Path::new("docs//a.md")).as_deref(), Some("docs/a.md"));
        assert_eq!(source(Path::new("/docs/a.md")).as_deref(), Some("/docs/a.md"));
    }
}
