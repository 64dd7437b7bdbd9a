use std::collections::BTreeMap;

use rusqlite::{Row, Statement, Transaction};
use serde::de::DeserializeOwned;

use super::failure::failure;
use super::{Database, schema};
use crate::{Error, Result};

/// What an ingest needs to know of a document that is stored.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::retrieval) struct StoredDocument {
    pub(in crate::retrieval) source: String,
    pub(in crate::retrieval) hash: Vec<u8>,
    pub(in crate::retrieval) recipe: String,
    pub(in crate::retrieval) path: Option<String>,
    pub(in crate::retrieval) size: Option<i64>,
    pub(in crate::retrieval) modified: Option<i64>,
}

/// What the indexes are built from.
#[derive(Debug, Clone, PartialEq)]
pub(in crate::retrieval) struct StoredChunk {
    pub(in crate::retrieval) id: u64,
    pub(in crate::retrieval) title: String,
    pub(in crate::retrieval) headings: Vec<String>,
    pub(in crate::retrieval) text: String,
    pub(in crate::retrieval) vector: Vec<f32>,
    pub(in crate::retrieval) source: String,
    pub(in crate::retrieval) metadata: BTreeMap<String, String>,
}

/// What a passage shows.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::retrieval) struct StoredPassage {
    pub(in crate::retrieval) number: u64,
    pub(in crate::retrieval) source: String,
    pub(in crate::retrieval) title: String,
    pub(in crate::retrieval) headings: Vec<String>,
    pub(in crate::retrieval) text: String,
    pub(in crate::retrieval) start: usize,
    pub(in crate::retrieval) metadata: BTreeMap<String, String>,
}

/// The store as it was at one moment, whatever others commit meanwhile.
pub(in crate::retrieval) struct Snapshot<'a> {
    database: &'a Database,
    pub(super) transaction: Transaction<'a>,
}

impl Database {
    /// Reads several things of the same moment. The store's connection is held meanwhile.
    pub(in crate::retrieval) fn snapshot<T>(
        &self,
        work: impl FnOnce(&Snapshot<'_>) -> Result<T>,
    ) -> Result<T> {
        let connection = self.lock();
        let transaction =
            connection.unchecked_transaction().map_err(|error| failure(self.path(), "read", error))?;
        work(&Snapshot { database: self, transaction })
    }
}

impl Snapshot<'_> {
    pub(super) fn read<T>(&self, result: rusqlite::Result<T>) -> Result<T> {
        result.map_err(|error| failure(self.database.path(), "read", error))
    }

    /// The number of commits so far.
    pub(in crate::retrieval) fn generation(&self) -> Result<u64> {
        let generation = self.read(schema::get(&self.transaction, "generation"))?;
        generation.ok_or_else(|| self.corrupt("the number of commits is missing"))
    }

    /// All documents.
    pub(in crate::retrieval) fn documents(&self) -> Result<Vec<StoredDocument>> {
        self.read(documents(&self.transaction))
    }

    /// The number of documents.
    pub(in crate::retrieval) fn count_documents(&self) -> Result<usize> {
        self.read(schema::count_documents(&self.transaction))
    }

    /// The ids of all chunks, ascending.
    pub(in crate::retrieval) fn chunk_ids(&self) -> Result<Vec<u64>> {
        self.read(chunk_ids(&self.transaction))
    }

    /// Up to `count` chunks whose ids are above `after`, ascending.
    pub(in crate::retrieval) fn chunks_after(
        &self,
        after: u64,
        count: usize,
        dimensions: usize,
    ) -> Result<Vec<StoredChunk>> {
        let chunks = self.read(chunks_after(&self.transaction, after, count))?;
        for chunk in &chunks {
            if chunk.vector.len() != dimensions || !chunk.vector.iter().all(|value| value.is_finite()) {
                let message =
                    format!("expected {dimensions} finite numbers as the vector of chunk {}", chunk.id);
                return Err(self.corrupt(message));
            }
        }
        Ok(chunks)
    }

    /// What the chunks of these ids say; nothing for an id that is not stored.
    pub(in crate::retrieval) fn passages(&self, ids: &[u64]) -> Result<Vec<Option<StoredPassage>>> {
        self.read(passages(&self.transaction, ids))
    }

    fn corrupt(&self, message: impl Into<String>) -> Error {
        self.database.corrupt(message)
    }
}

fn documents(transaction: &Transaction<'_>) -> rusqlite::Result<Vec<StoredDocument>> {
    let mut statement =
        transaction.prepare_cached("SELECT source, hash, recipe, path, size, modified FROM documents")?;
    let documents = statement.query_map([], |row| {
        Ok(StoredDocument {
            source: row.get(0)?,
            hash: row.get(1)?,
            recipe: row.get(2)?,
            path: row.get(3)?,
            size: row.get(4)?,
            modified: row.get(5)?,
        })
    })?;
    documents.collect()
}

fn chunk_ids(transaction: &Transaction<'_>) -> rusqlite::Result<Vec<u64>> {
    let mut statement = transaction.prepare_cached("SELECT id FROM chunks ORDER BY id")?;
    let ids = statement.query_map([], |row| row.get::<_, i64>(0).map(|id| id as u64))?;
    ids.collect()
}

fn chunks_after(
    transaction: &Transaction<'_>,
    after: u64,
    count: usize,
) -> rusqlite::Result<Vec<StoredChunk>> {
    let mut statement = transaction.prepare_cached(
        "SELECT chunks.id, title, headings, text, vector, source, metadata FROM chunks \
         JOIN documents ON documents.id = document WHERE chunks.id > ?1 ORDER BY chunks.id LIMIT ?2",
    )?;
    let chunks = statement.query_map((after as i64, count as i64), |row| {
        Ok(StoredChunk {
            id: row.get::<_, i64>(0)? as u64,
            title: row.get(1)?,
            headings: json(row, 2)?,
            text: row.get(3)?,
            vector: vector(row.get_ref(4)?.as_blob()?),
            source: row.get(5)?,
            metadata: json(row, 6)?,
        })
    })?;
    chunks.collect()
}

/// The numbers in a blob; empty when its length is no multiple of theirs.
pub(super) fn vector(bytes: &[u8]) -> Vec<f32> {
    match bytes.as_chunks::<4>() {
        (values, []) => values.iter().map(|value| f32::from_le_bytes(*value)).collect(),
        _ => Vec::new(),
    }
}

fn passages(transaction: &Transaction<'_>, ids: &[u64]) -> rusqlite::Result<Vec<Option<StoredPassage>>> {
    let mut statement = transaction.prepare_cached(
        "SELECT number, source, title, headings, text, start, metadata FROM chunks \
         JOIN documents ON documents.id = document WHERE chunks.id = ?1",
    )?;
    ids.iter().map(|id| passage(&mut statement, *id)).collect()
}

fn passage(statement: &mut Statement<'_>, id: u64) -> rusqlite::Result<Option<StoredPassage>> {
    let mut rows = statement.query([id as i64])?;
    let Some(row) = rows.next()? else {
        return Ok(None);
    };
    Ok(Some(StoredPassage {
        number: row.get::<_, i64>(0)? as u64,
        source: row.get(1)?,
        title: row.get(2)?,
        headings: json(row, 3)?,
        text: row.get(4)?,
        start: row.get::<_, i64>(5)? as usize,
        metadata: json(row, 6)?,
    }))
}

pub(super) fn json<T: DeserializeOwned>(row: &Row<'_>, column: usize) -> rusqlite::Result<T> {
    serde_json::from_str(row.get_ref(column)?.as_str()?).map_err(|error| {
        rusqlite::Error::FromSqlConversionFailure(column, rusqlite::types::Type::Text, error.into())
    })
}
