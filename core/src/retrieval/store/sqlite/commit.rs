use std::collections::BTreeMap;

use rusqlite::{OptionalExtension, Transaction, params};

use super::Database;
use super::failure::failure;
use super::schema;
use crate::Result;

/// A change of the store that happens as a whole or not at all.
#[derive(Debug, Default)]
pub(in crate::retrieval) struct Commit {
    /// Documents to remove, by source; unknown ones are skipped.
    pub(in crate::retrieval) removed: Vec<String>,
    /// Documents to store, each in place of the one of the same source.
    pub(in crate::retrieval) stored: Vec<NewDocument>,
    /// Files whose content is stored already, as they are now.
    pub(in crate::retrieval) seen: Vec<SeenFile>,
}

/// A file of a stored document.
#[derive(Debug)]
pub(in crate::retrieval) struct SeenFile {
    pub(in crate::retrieval) source: String,
    pub(in crate::retrieval) size: i64,
    pub(in crate::retrieval) modified: Option<i64>,
}

/// A document to store.
#[derive(Debug)]
pub(in crate::retrieval) struct NewDocument {
    pub(in crate::retrieval) source: String,
    pub(in crate::retrieval) title: String,
    pub(in crate::retrieval) metadata: BTreeMap<String, String>,
    pub(in crate::retrieval) hash: [u8; 32],
    pub(in crate::retrieval) recipe: String,
    pub(in crate::retrieval) path: Option<String>,
    pub(in crate::retrieval) size: Option<i64>,
    pub(in crate::retrieval) modified: Option<i64>,
    pub(in crate::retrieval) chunks: Vec<NewChunk>,
}

/// A chunk to store.
#[derive(Debug)]
pub(in crate::retrieval) struct NewChunk {
    pub(in crate::retrieval) start: usize,
    pub(in crate::retrieval) headings: Vec<String>,
    pub(in crate::retrieval) text: String,
    pub(in crate::retrieval) vector: Vec<f32>,
}

/// What a commit did.
#[derive(Debug, Default)]
pub(in crate::retrieval) struct Committed {
    /// The number of documents that were removed without replacement.
    pub(in crate::retrieval) removed_documents: usize,
    /// Chunks that are no longer stored.
    pub(in crate::retrieval) removed: Vec<u64>,
    /// The ids of the new chunks, document by document.
    pub(in crate::retrieval) added: Vec<Vec<u64>>,
    /// The number of commits so far.
    pub(in crate::retrieval) generation: u64,
    /// The number of documents now.
    pub(in crate::retrieval) documents: usize,
}

impl Commit {
    pub(in crate::retrieval) fn is_empty(&self) -> bool {
        self.removed.is_empty() && self.stored.is_empty() && self.seen.is_empty()
    }
}

impl Database {
    /// Makes the change; after an error the store is as before.
    pub(in crate::retrieval) fn commit(&self, commit: &Commit) -> Result<Committed> {
        self.change(commit).map_err(|error| failure(self.path(), "write", error))
    }

    fn change(&self, commit: &Commit) -> rusqlite::Result<Committed> {
        let mut connection = self.lock();
        let transaction = connection.transaction()?;
        let mut committed = Committed::default();
        for source in &commit.removed {
            committed.removed_documents += usize::from(remove(&transaction, source, &mut committed.removed)?);
        }
        for document in &commit.stored {
            remove(&transaction, &document.source, &mut committed.removed)?;
            committed.added.push(insert(&transaction, document)?);
        }
        for file in &commit.seen {
            transaction
                .prepare_cached("UPDATE documents SET size = ?2, modified = ?3 WHERE source = ?1")?
                .execute(params![file.source, file.size, file.modified])?;
        }
        let generation: u64 = schema::get(&transaction, "generation")?.unwrap_or_default();
        committed.generation =
            generation + u64::from(!commit.removed.is_empty() || !commit.stored.is_empty());
        schema::set(&transaction, "generation", &committed.generation.to_string())?;
        committed.documents = schema::count_documents(&transaction)?;
        transaction.commit()?;
        Ok(committed)
    }
}

/// Removes a document and adds the ids of its chunks to `chunks`; false when there is none.
fn remove(transaction: &Transaction<'_>, source: &str, chunks: &mut Vec<u64>) -> rusqlite::Result<bool> {
    let document: Option<i64> = transaction
        .prepare_cached("SELECT id FROM documents WHERE source = ?1")?
        .query_row([source], |row| row.get(0))
        .optional()?;
    let Some(document) = document else {
        return Ok(false);
    };
    let mut ids = transaction.prepare_cached("SELECT id FROM chunks WHERE document = ?1")?;
    for id in ids.query_map([document], |row| row.get::<_, i64>(0))? {
        chunks.push(id? as u64);
    }
    transaction.prepare_cached("DELETE FROM documents WHERE id = ?1")?.execute([document])?;
    Ok(true)
}

fn insert(transaction: &Transaction<'_>, document: &NewDocument) -> rusqlite::Result<Vec<u64>> {
    let metadata = json(&document.metadata)?;
    transaction
        .prepare_cached(
            "INSERT INTO documents (source, title, metadata, hash, recipe, path, size, modified) \
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)",
        )?
        .execute(params![
            document.source,
            document.title,
            metadata,
            document.hash,
            document.recipe,
            document.path,
            document.size,
            document.modified,
        ])?;
    let id = transaction.last_insert_rowid();
    let mut insert = transaction.prepare_cached(
        "INSERT INTO chunks (document, number, start, headings, text, vector) VALUES (?1, ?2, ?3, ?4, ?5, ?6)",
    )?;
    let mut ids = Vec::with_capacity(document.chunks.len());
    for (number, chunk) in (1_i64..).zip(&document.chunks) {
        let vector: Vec<u8> = chunk.vector.iter().flat_map(|value| value.to_le_bytes()).collect();
        let headings = json(&chunk.headings)?;
        insert.execute(params![id, number, chunk.start as i64, headings, chunk.text, vector])?;
        ids.push(transaction.last_insert_rowid() as u64);
    }
    Ok(ids)
}

fn json(value: &impl serde::Serialize) -> rusqlite::Result<String> {
    serde_json::to_string(value).map_err(|error| rusqlite::Error::ToSqlConversionFailure(error.into()))
}
