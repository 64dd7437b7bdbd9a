use std::io::{ErrorKind, Read};
use std::path::{Component, Path, PathBuf};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use cap_std::ambient_authority;
#[cfg(unix)]
use cap_std::fs::OpenOptionsExt;
use cap_std::fs::{Dir, File, Metadata, OpenOptions};
use ignore::{DirEntry, WalkBuilder};
use sha2::{Digest, Sha256};

use crate::schema::excerpt;
use crate::{Error, Result};

/// Two changes of a file that are further apart have different times, on all file systems: FAT tells two seconds.
const COARSEST_TIME: Duration = Duration::from_secs(2);

/// A folder whose files are read, and nothing outside of it.
///
/// The folder is opened once. Every path is resolved from that handle, component by component or by the kernel
/// (`openat2` with `RESOLVE_BENEATH`), links included. What is opened is what was checked: whoever changes folders
/// and links meanwhile gains nothing.
#[derive(Debug)]
pub(super) struct Workspace {
    dir: Dir,
    root: PathBuf,
    hidden: bool,
}

impl Workspace {
    /// The folder `root`; `hidden` says whether names that begin with a dot may be read.
    pub(super) fn open(root: &Path, hidden: bool) -> Result<Self> {
        let unreadable = |error| Error::io("open the folder", root, error);
        let root = root.canonicalize().map_err(unreadable)?;
        let dir = Dir::open_ambient_dir(&root, ambient_authority()).map_err(unreadable)?;
        Ok(Self { dir, root, hidden })
    }

    /// The folder, without links.
    pub(super) fn root(&self) -> &Path {
        &self.root
    }

    /// The files of at most `max_bytes` that no ignore file hides, by path. One that cannot be listed is left out.
    pub(super) fn files(&self, max_bytes: u64) -> impl Iterator<Item = DirEntry> {
        let walk = WalkBuilder::new(&self.root)
            .hidden(!self.hidden)
            .filter_entry(|entry| entry.file_name() != ".git")
            .require_git(false)
            .git_global(false)
            .follow_links(false)
            .max_filesize(Some(max_bytes))
            .sort_by_file_name(Ord::cmp)
            .build();
        walk.filter_map(Result::ok).filter(|entry| entry.file_type().is_some_and(|kind| kind.is_file()))
    }

    /// The bytes of a file of at most `max_bytes`, or why they cannot be read.
    pub(super) fn read(&self, path: &str, max_bytes: u64) -> Result<Vec<u8>, String> {
        let shown = excerpt(path);
        let Opened { file, metadata, .. } = self.opened(path)?;
        let mut bytes = Vec::new();
        let read = file.take(max_bytes.saturating_add(1)).read_to_end(&mut bytes);
        read.map_err(|error| unreadable(&shown, &error))?;
        if bytes.len() as u64 > max_bytes {
            let size = metadata.len().max(bytes.len() as u64);
            return Err(format!("expected a file of at most {max_bytes} bytes, got `{shown}` with {size}"));
        }
        Ok(bytes)
    }

    /// What is another text when the file is another one or was written since; or why that cannot be told.
    pub(super) fn version(&self, path: &str) -> Result<String, String> {
        let Opened { metadata, resolved, .. } = self.opened(path)?;
        let modified = metadata.modified().map(cap_std::time::SystemTime::into_std);
        let written = written(modified).ok_or_else(|| just_written(&excerpt(path)))?;
        Ok(format!("{} {} {written}", metadata.len(), resolved.display()))
    }

    /// The same of all files of at most `max_bytes` that no ignore file hides.
    pub(super) fn version_of_files(&self, max_bytes: u64) -> Result<String, String> {
        let mut version = Sha256::new();
        for entry in self.files(max_bytes) {
            let shown = entry.path().display();
            let metadata = entry.metadata().map_err(|error| format!("cannot read `{shown}`: {error}"))?;
            let written = written(metadata.modified()).ok_or_else(|| just_written(&shown.to_string()))?;
            version.update(format!("{} {written} {}", metadata.len(), shown));
            version.update([0]);
        }
        let version: [u8; 32] = version.finalize().into();
        Ok(format!("{version:?}"))
    }

    /// A regular file below the folder, with what was found of it.
    fn opened(&self, path: &str) -> Result<Opened, String> {
        let shown = excerpt(path);
        let asked = self.within(path)?;
        let resolved = self.dir.canonicalize(&asked).map_err(|error| unreadable(&shown, &error))?;
        self.check_names(&resolved, &shown)?;
        let file = self.open_file(&resolved).map_err(|error| unreadable(&shown, &error))?;
        let metadata = file.metadata().map_err(|error| unreadable(&shown, &error))?;
        if !metadata.is_file() {
            return Err(format!("expected a file, got `{shown}`, which is a folder or a device"));
        }
        Ok(Opened { file, metadata, resolved })
    }

    /// A file of the folder, opened without waiting for whoever writes to a pipe.
    pub(super) fn open_file(&self, path: &Path) -> std::io::Result<File> {
        let mut options = OpenOptions::new();
        options.read(true);
        #[cfg(unix)]
        options.custom_flags(rustix::fs::OFlags::NONBLOCK.bits() as i32);
        self.dir.open_with(path, &options)
    }

    /// The path, if it is written as one below the folder.
    fn within(&self, path: &str) -> Result<PathBuf, String> {
        let shown = excerpt(path);
        let is_below = |component| matches!(component, Component::Normal(_) | Component::CurDir);
        if path.is_empty() || path.contains('\0') || !Path::new(path).components().all(is_below) {
            return Err(format!("expected a path below the workspace, as `src/main.rs`, got `{shown}`"));
        }
        self.check_names(Path::new(path), &shown)?;
        Ok(PathBuf::from(path))
    }

    fn check_names(&self, path: &Path, shown: &str) -> Result<(), String> {
        let is_hidden = |component| matches!(component, Component::Normal(name) if name.as_encoded_bytes().starts_with(b"."));
        if !self.hidden && path.components().any(is_hidden) {
            return Err(format!("hidden files are not read, got `{shown}`"));
        }
        Ok(())
    }
}

/// A file that is open, and where it lies, without links.
struct Opened {
    file: File,
    metadata: Metadata,
    resolved: PathBuf,
}

fn unreadable(shown: &str, error: &std::io::Error) -> String {
    match error.kind() {
        ErrorKind::NotFound | ErrorKind::NotADirectory => format!("there is no file `{shown}`"),
        _ => format!("cannot read `{shown}`: {error}"),
    }
}

/// When a file was written, in nanoseconds; none if it could be written again without another time.
fn written(modified: std::io::Result<SystemTime>) -> Option<u128> {
    let modified = modified.ok()?;
    let age = SystemTime::now().duration_since(modified).ok()?;
    let since = modified.duration_since(UNIX_EPOCH).ok()?;
    (age > COARSEST_TIME).then_some(since.as_nanos())
}

fn just_written(shown: &str) -> String {
    format!("`{shown}` was written just now")
}
