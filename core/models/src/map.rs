use std::fs::File;
use std::ops::Range;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::SystemTime;

use memmap2::Mmap;

use crate::{Error, Result};

/// A file's bytes, shared by everything that was read from it.
#[derive(Debug, Clone)]
pub(crate) struct MappedFile {
    map: Arc<Mmap>,
    path: PathBuf,
    /// Holds a shared lock, if there is one.
    lock: Option<Arc<File>>,
}

impl MappedFile {
    /// Maps a file read-only; nothing is read yet.
    #[expect(unsafe_code, reason = "a memory map is the only way to use weights without copying them")]
    pub(crate) fn open(path: &Path) -> Result<Self> {
        let fail = |source| Error::Open { path: path.to_owned(), source };
        let file = File::open(path).map_err(fail)?;
        if file.metadata().map_err(fail)?.is_dir() {
            return Err(fail(std::io::ErrorKind::IsADirectory.into()));
        }
        // SAFETY: the map is private and only ever read as bytes, for which every bit pattern is valid. The
        // documentation of `LanguageModel::open` and `Encoder::open` asks that the file is not changed in place while it is open.
        let map = unsafe { Mmap::map(&file) }.map_err(fail)?;
        Ok(Self { map: Arc::new(map), path: path.to_owned(), lock: None })
    }

    /// The same with a shared lock, which tells other processes that the file is in use. A file system without locks is
    /// no error.
    pub(crate) fn open_locked(path: &Path) -> Result<Self> {
        let file = File::open(path).map_err(|source| Error::Open { path: path.to_owned(), source })?;
        let lock = file.lock_shared().is_ok().then(|| Arc::new(file));
        Ok(Self { lock, ..Self::open(path)? })
    }

    /// Says that the file was used now, as far as this process may.
    pub(crate) fn touch(&self) {
        if let Some(file) = &self.lock {
            let _ = file.set_modified(SystemTime::now());
        }
    }

    pub(crate) fn bytes(&self) -> &[u8] {
        &self.map
    }

    pub(crate) fn path(&self) -> &Path {
        &self.path
    }
}

/// Some bytes of a file or of memory that others use too.
#[derive(Debug, Clone)]
pub(crate) struct Bytes {
    source: Source,
    range: Range<usize>,
}

#[derive(Debug, Clone)]
enum Source {
    File(MappedFile),
    Memory(Arc<Vec<u8>>),
}

impl Bytes {
    /// Bytes of a file, which has them.
    pub(crate) fn mapped(file: MappedFile, range: Range<usize>) -> Self {
        Self { source: Source::File(file), range }
    }

    pub(crate) fn owned(bytes: Vec<u8>) -> Self {
        let range = 0..bytes.len();
        Self { source: Source::Memory(Arc::new(bytes)), range }
    }

    /// Some of these bytes.
    pub(crate) fn part(&self, range: Range<usize>) -> Self {
        let range = self.range.start + range.start..self.range.start + range.end;
        Self { source: self.source.clone(), range }
    }

    /// Whether these are a file's.
    pub(crate) fn is_mapped(&self) -> bool {
        matches!(self.source, Source::File(_))
    }

    pub(crate) fn get(&self) -> &[u8] {
        match &self.source {
            Source::File(file) => &file.bytes()[self.range.clone()],
            Source::Memory(bytes) => &bytes[self.range.clone()],
        }
    }
}
