use std::io;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicUsize, Ordering};

/// A file that is written beside its place. It goes with the value, unless it was renamed.
#[derive(Debug)]
pub(crate) struct Temporary(PathBuf);

impl Temporary {
    /// A name that nobody else has, in this process or another.
    pub(crate) fn beside(path: &Path) -> Self {
        static COUNT: AtomicUsize = AtomicUsize::new(0);
        let count = COUNT.fetch_add(1, Ordering::Relaxed);
        Self(path.with_extension(format!("{}-{count}.part", std::process::id())))
    }

    pub(crate) fn path(&self) -> &Path {
        &self.0
    }

    /// Puts it in its place, in one step.
    pub(crate) fn rename(self, path: &Path) -> io::Result<()> {
        std::fs::rename(&self.0, path)
    }
}

impl Drop for Temporary {
    fn drop(&mut self) {
        // It is gone if it was renamed.
        let _ = std::fs::remove_file(&self.0);
    }
}
