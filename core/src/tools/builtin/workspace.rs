use std::io::{ErrorKind, Read};
use std::path::{Component, Path, PathBuf};

use cap_std::ambient_authority;
#[cfg(unix)]
use cap_std::fs::OpenOptionsExt;
use cap_std::fs::{Dir, File, OpenOptions};
use ignore::{DirEntry, WalkBuilder};

use crate::schema::excerpt;
use crate::{Error, Result};

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
        let unreadable = |error: std::io::Error| match error.kind() {
            ErrorKind::NotFound | ErrorKind::NotADirectory => format!("there is no file `{shown}`"),
            _ => format!("cannot read `{shown}`: {error}"),
        };
        let asked = self.within(path)?;
        let resolved = self.dir.canonicalize(&asked).map_err(unreadable)?;
        self.check_names(&resolved, &shown)?;
        let file = self.open_file(&resolved).map_err(unreadable)?;
        let metadata = file.metadata().map_err(unreadable)?;
        if !metadata.is_file() {
            return Err(format!("expected a file, got `{shown}`, which is a folder or a device"));
        }
        let mut bytes = Vec::new();
        file.take(max_bytes.saturating_add(1)).read_to_end(&mut bytes).map_err(unreadable)?;
        if bytes.len() as u64 > max_bytes {
            let size = metadata.len().max(bytes.len() as u64);
            return Err(format!("expected a file of at most {max_bytes} bytes, got `{shown}` with {size}"));
        }
        Ok(bytes)
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
