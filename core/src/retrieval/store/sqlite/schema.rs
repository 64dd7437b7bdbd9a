use std::fmt::{Display, Formatter};

use rusqlite::{Connection, OptionalExtension};

/// Written into the file's header, so that `file` and SQLite's tools tell it from other databases: "RSHL".
pub(super) const APPLICATION_ID: i32 = 0x5253_484c;

/// The version of the tables below; a file of a newer one is refused.
pub(super) const FORMAT: i32 = 1;

/// `AUTOINCREMENT` because ids of removed chunks must not come back: caches and other processes may still
/// know them.
const TABLES: &str = "
CREATE TABLE properties (name TEXT PRIMARY KEY, value TEXT NOT NULL) STRICT, WITHOUT ROWID;
CREATE TABLE documents (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    source TEXT NOT NULL UNIQUE,
    title TEXT NOT NULL,
    metadata TEXT NOT NULL,  -- JSON object
    hash BLOB NOT NULL,      -- SHA-256 of title, text and metadata
    recipe TEXT NOT NULL,    -- how it was cut into chunks
    path TEXT,               -- of its file, resolved; null when the caller gave the text
    size INTEGER,            -- of its file in bytes
    modified INTEGER         -- of its file in nanoseconds since 1970; null while it may still change unseen
) STRICT;
CREATE TABLE chunks (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    document INTEGER NOT NULL REFERENCES documents (id) ON DELETE CASCADE,
    number INTEGER NOT NULL, -- in the document, from 1
    start INTEGER NOT NULL,  -- byte offset in the document
    headings TEXT NOT NULL,  -- JSON array
    text TEXT NOT NULL,
    vector BLOB NOT NULL     -- little-endian f32
) STRICT;
CREATE INDEX chunks_by_document ON chunks (document);
";

/// What a store is bound to for its life.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Identity {
    pub(super) embedder: String,
    pub(super) dimensions: usize,
}

impl Display for Identity {
    fn fmt(&self, formatter: &mut Formatter<'_>) -> std::fmt::Result {
        write!(formatter, "`{}` ({} dimensions)", self.embedder, self.dimensions)
    }
}

/// Makes the tables; call it in a transaction.
pub(super) fn create(connection: &Connection, identity: &Identity, store_id: u64) -> rusqlite::Result<()> {
    connection.execute_batch(TABLES)?;
    set(connection, "embedder", &identity.embedder)?;
    set(connection, "dimensions", &identity.dimensions.to_string())?;
    set(connection, "store", &store_id.to_string())?;
    set(connection, "generation", "0")?;
    connection.pragma_update(None, "application_id", APPLICATION_ID)?;
    connection.pragma_update(None, "user_version", FORMAT)
}

pub(super) fn set(connection: &Connection, name: &str, value: &str) -> rusqlite::Result<()> {
    connection
        .prepare_cached(
            "INSERT INTO properties VALUES (?1, ?2) ON CONFLICT DO UPDATE SET value = excluded.value",
        )?
        .execute((name, value))
        .map(drop)
}

/// The value of a property; nothing where it is missing or cannot be parsed.
pub(super) fn get<T: std::str::FromStr>(connection: &Connection, name: &str) -> rusqlite::Result<Option<T>> {
    let value: Option<String> = connection
        .prepare_cached("SELECT value FROM properties WHERE name = ?1")?
        .query_row([name], |row| row.get(0))
        .optional()?;
    Ok(value.and_then(|value| value.parse().ok()))
}

pub(super) fn count_documents(connection: &Connection) -> rusqlite::Result<usize> {
    count(connection, "SELECT count(*) FROM documents")
}

pub(super) fn count_chunks(connection: &Connection) -> rusqlite::Result<usize> {
    count(connection, "SELECT count(*) FROM chunks")
}

fn count(connection: &Connection, query: &str) -> rusqlite::Result<usize> {
    let count: i64 = connection.prepare_cached(query)?.query_row([], |row| row.get(0))?;
    Ok(count as usize)
}
