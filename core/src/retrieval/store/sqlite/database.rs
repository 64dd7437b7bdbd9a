use std::fs::{File, TryLockError};
use std::hash::{BuildHasher, RandomState};
use std::path::{Path, PathBuf};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use rusqlite::{Connection, OpenFlags};

use super::failure::failure;
use super::schema::{self, Identity};
use crate::retrieval::{Durability, Embedder};
use crate::{Error, Result};

const FILE: &str = "store.sqlite";
const LOCK: &str = "lock";
/// How long to wait for another process in the middle of a commit.
const PATIENCE: Duration = Duration::from_secs(5);

/// An open store. All its methods block.
#[derive(Debug)]
pub(in crate::retrieval) struct Database {
    path: PathBuf,
    connection: Mutex<Connection>,
    store_id: u64,
    read_only: bool,
    /// Held as long as this process may write; the system lets go of it when the process ends, however it ends.
    _lock: Option<File>,
}

impl Database {
    /// Opens the store in `dir` for writing, or makes one.
    pub(in crate::retrieval) fn open(
        dir: &Path,
        embedder: &dyn Embedder,
        durability: Durability,
    ) -> Result<Self> {
        std::fs::create_dir_all(dir).map_err(|error| Error::io("make the directory", dir, error))?;
        let lock = lock(dir)?;
        let path = dir.join(FILE);
        let connection = Connection::open(&path).map_err(|error| failure(&path, "open", error))?;
        let mut database = Self::of(path, connection, Some(lock), false);
        database.set_up(durability)?;
        database.create_or_check(embedder)?;
        Ok(database)
    }

    /// Opens the store in `dir` for reading; others may write to it.
    pub(in crate::retrieval) fn open_read_only(dir: &Path, embedder: &dyn Embedder) -> Result<Self> {
        let mut database = Self::connect(dir)?;
        database.check(embedder)?;
        Ok(database)
    }

    /// A connection for reading to the store in `dir`, whatever is in it.
    pub(super) fn connect(dir: &Path) -> Result<Self> {
        let path = dir.join(FILE);
        if let Err(error) = path.metadata() {
            return Err(Error::io("open", path, error));
        }
        let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX;
        let connection =
            Connection::open_with_flags(&path, flags).map_err(|error| failure(&path, "open", error))?;
        let database = Self::of(path, connection, None, true);
        database.run("open", |connection| connection.busy_timeout(PATIENCE))?;
        Ok(database)
    }

    /// A further connection for reading to the same store, so that long work does not hold this one; none to a store in
    /// memory.
    pub(in crate::retrieval) fn reader(&self) -> Result<Option<Self>> {
        self.dir().map(Self::connect).transpose()
    }

    /// An empty store that is gone when it is dropped.
    pub(in crate::retrieval) fn in_memory(embedder: &dyn Embedder) -> Result<Self> {
        let path = PathBuf::from(":memory:");
        let connection = Connection::open_in_memory().map_err(|error| failure(&path, "open", error))?;
        let mut database = Self::of(path, connection, None, false);
        database.run("open", |connection| connection.pragma_update(None, "foreign_keys", true))?;
        database.create_or_check(embedder)?;
        Ok(database)
    }

    fn of(path: PathBuf, connection: Connection, lock: Option<File>, read_only: bool) -> Self {
        Self { path, connection: Mutex::new(connection), store_id: 0, read_only, _lock: lock }
    }

    pub(in crate::retrieval) fn path(&self) -> &Path {
        &self.path
    }

    /// The store's directory; none for one in memory.
    pub(in crate::retrieval) fn dir(&self) -> Option<&Path> {
        self.path.parent().filter(|_| self.path.ends_with(FILE))
    }

    pub(in crate::retrieval) fn is_read_only(&self) -> bool {
        self.read_only
    }

    /// Chosen by chance when the store was made; tells stores apart.
    pub(in crate::retrieval) fn store_id(&self) -> u64 {
        self.store_id
    }

    /// Moves what was committed into the main file and onto the disk.
    pub(in crate::retrieval) fn checkpoint(&self) -> Result<()> {
        self.run("write", |connection| connection.query_row("PRAGMA wal_checkpoint(PASSIVE)", [], |_| Ok(())))
    }

    /// Writes the file anew without what was removed, and empties the write-ahead log unless another process reads it.
    pub(in crate::retrieval) fn vacuum(&self) -> Result<()> {
        self.run("write", |connection| {
            connection.execute_batch("VACUUM")?;
            connection.query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |_| Ok(()))
        })
    }

    /// The length of all files in the store's directory; 0 for a store in memory, or where it cannot be listed.
    pub(in crate::retrieval) fn bytes(&self) -> u64 {
        let files = self.dir().and_then(|dir| std::fs::read_dir(dir).ok()).into_iter().flatten().flatten();
        files.filter_map(|file| file.metadata().ok()).map(|file| file.len()).sum()
    }

    /// As if the disk had become read-only.
    #[cfg(test)]
    pub(in crate::retrieval) fn refuse_writes(&self, refuse: bool) -> Result<()> {
        self.run("open", |connection| connection.pragma_update(None, "query_only", refuse))
    }

    /// As if the disk had room for this many pages.
    #[cfg(test)]
    pub(in crate::retrieval) fn limit_pages(&self, pages: u32) -> Result<()> {
        self.run("write", |connection| {
            connection.pragma_update_and_check(None, "max_page_count", pages, |_| Ok(()))
        })
    }

    pub(super) fn lock(&self) -> MutexGuard<'_, Connection> {
        self.connection.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn run<T>(
        &self,
        action: &'static str,
        work: impl FnOnce(&Connection) -> rusqlite::Result<T>,
    ) -> Result<T> {
        work(&self.lock()).map_err(|error| failure(&self.path, action, error))
    }

    pub(super) fn corrupt(&self, message: impl Into<String>) -> Error {
        Error::Corrupt { path: self.path.clone(), message: message.into() }
    }

    fn set_up(&self, durability: Durability) -> Result<()> {
        self.run("open", |connection| {
            connection.busy_timeout(PATIENCE)?;
            connection.pragma_update(None, "journal_mode", "wal")?;
            connection.pragma_update(None, "synchronous", durability.synchronous())?;
            connection.pragma_update(None, "foreign_keys", true)
        })
    }

    fn create_or_check(&mut self, embedder: &dyn Embedder) -> Result<()> {
        let identity = identity(embedder);
        let empty = self.run("open", |connection| {
            connection.query_row("SELECT count(*) FROM sqlite_schema", [], |row| row.get::<_, i64>(0))
        })? == 0;
        if empty {
            let store_id = RandomState::new().hash_one(&identity.embedder);
            let created = |connection: &mut Connection| {
                let transaction = connection.transaction()?;
                schema::create(&transaction, &identity, store_id)?;
                transaction.commit()
            };
            created(&mut self.lock()).map_err(|error| failure(&self.path, "write", error))?;
        }
        self.check(embedder)
    }

    /// Refuses other files, newer formats, damaged pages and stores of other embedders.
    fn check(&mut self, embedder: &dyn Embedder) -> Result<()> {
        self.check_format()?;
        let sound: String = self
            .run("read", |connection| connection.query_row("PRAGMA quick_check(1)", [], |row| row.get(0)))?;
        if sound != "ok" {
            return Err(self.corrupt(sound));
        }
        let stored = self.identity()?;
        let store_id = self.run("read", |connection| schema::get(connection, "store"))?;
        self.store_id = store_id.ok_or_else(|| self.corrupt("the store's id is missing"))?;
        let expected = identity(embedder);
        if stored != expected {
            return Err(Error::invalid(
                "embedder",
                format!("the store `{}` holds vectors of {stored}, got {expected}", self.path.display()),
            ));
        }
        Ok(())
    }

    /// Refuses other files and newer formats; gives the format.
    pub(super) fn check_format(&self) -> Result<i32> {
        let (application, format) = self.run("read", |connection| {
            let application: i32 = connection.pragma_query_value(None, "application_id", |row| row.get(0))?;
            let format: i32 = connection.pragma_query_value(None, "user_version", |row| row.get(0))?;
            Ok((application, format))
        })?;
        if application != schema::APPLICATION_ID {
            return Err(self.corrupt(format!(
                "expected a store (application id {}), got a database of application id {application}",
                schema::APPLICATION_ID
            )));
        }
        if format != schema::FORMAT {
            return Err(Error::invalid(
                format!("store `{}`", self.path.display()),
                format!("expected format version {} or older, got {format}", schema::FORMAT),
            ));
        }
        Ok(format)
    }

    /// What the store is bound to.
    pub(super) fn identity(&self) -> Result<Identity> {
        let stored = self.run("read", |connection| {
            let embedder: Option<String> = schema::get(connection, "embedder")?;
            let dimensions: Option<usize> = schema::get(connection, "dimensions")?;
            Ok(embedder.zip(dimensions).map(|(embedder, dimensions)| Identity { embedder, dimensions }))
        })?;
        stored.ok_or_else(|| self.corrupt("the name of the embedder is missing"))
    }
}

fn identity(embedder: &dyn Embedder) -> Identity {
    Identity { embedder: embedder.name().to_owned(), dimensions: embedder.dimensions() }
}

fn lock(dir: &Path) -> Result<File> {
    let path = dir.join(LOCK);
    let file = File::options()
        .create(true)
        .truncate(false)
        .write(true)
        .open(&path)
        .map_err(|error| Error::io("open", &path, error))?;
    match file.try_lock() {
        Ok(()) => Ok(file),
        Err(TryLockError::WouldBlock) => Err(Error::Busy {
            path: dir.to_owned(),
            message: "another process or handle has it open for writing".to_owned(),
        }),
        Err(TryLockError::Error(error)) => Err(Error::io("lock", path, error)),
    }
}
