use std::collections::BTreeMap;
use std::path::Path;

use rusqlite::{Connection, Row};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

use super::Database;
use super::failure::failure;
use super::read::vector;
use crate::{Error, Result};

/// At most this many problems are named.
const MOST: usize = 100;

/// What a check of a store found.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct StoreCheck {
    /// Documents that were looked at.
    pub documents: usize,
    /// Chunks that were looked at.
    pub chunks: usize,
    /// What is wrong, a sentence each, at most 100; empty for a sound store.
    pub problems: Vec<String>,
}

impl StoreCheck {
    pub(in crate::retrieval) fn problem(&mut self, problem: impl Into<String>) {
        if self.problems.len() < MOST {
            self.problems.push(problem.into());
        }
    }
}

/// The last chunk that was looked at.
#[derive(Default)]
struct Last {
    document: i64,
    number: i64,
}

impl Database {
    /// Looks at everything that the store in `dir` holds. `begin` is told the length of its vectors, and gives what each
    /// chunk with a sound vector is given to.
    ///
    /// Damage is a problem and no error.
    pub(in crate::retrieval) fn look_through<Each>(
        dir: &Path,
        begin: impl FnOnce(usize, &mut StoreCheck) -> Each,
    ) -> Result<StoreCheck>
    where
        Each: FnMut(u64, &[f32], &mut StoreCheck),
    {
        let database = Self::connect(dir)?;
        let mut check = StoreCheck::default();
        match database.check_format().and_then(|_| database.identity()) {
            Ok(identity) => {
                let mut each = begin(identity.dimensions, &mut check);
                let connection = database.lock();
                // Of one moment, whatever others commit meanwhile.
                let transaction = connection.unchecked_transaction();
                let transaction = transaction.map_err(|error| failure(database.path(), "read", error))?;
                database.stage(&mut check, |check| pages(&transaction, check))?;
                database.stage(&mut check, |check| documents(&transaction, check))?;
                let dimensions = identity.dimensions;
                database.stage(&mut check, |check| chunks(&transaction, dimensions, check, &mut each))?;
            }
            Err(Error::Corrupt { message, .. }) => check.problem(message),
            Err(error) => return Err(error),
        }
        Ok(check)
    }

    /// Goes on after damage, which ends only the stage that came upon it.
    fn stage(
        &self,
        check: &mut StoreCheck,
        work: impl FnOnce(&mut StoreCheck) -> rusqlite::Result<()>,
    ) -> Result<()> {
        match work(check).map_err(|error| failure(self.path(), "read", error)) {
            Err(Error::Corrupt { message, .. }) => check.problem(message),
            other => return other,
        }
        Ok(())
    }
}

/// The file's pages and indexes.
fn pages(connection: &Connection, check: &mut StoreCheck) -> rusqlite::Result<()> {
    let mut statement = connection.prepare("PRAGMA integrity_check(100)")?;
    let mut rows = statement.query([])?;
    while let Some(row) = rows.next()? {
        let problem: String = row.get(0)?;
        if problem != "ok" {
            check.problem(problem);
        }
    }
    Ok(())
}

fn documents(connection: &Connection, check: &mut StoreCheck) -> rusqlite::Result<()> {
    let mut statement = connection.prepare("SELECT source, metadata, length(hash) FROM documents")?;
    let mut rows = statement.query([])?;
    while let Some(row) = rows.next()? {
        check.documents += 1;
        let (source, hash): (String, i64) = (row.get(0)?, row.get(2)?);
        if !is_json::<BTreeMap<String, String>>(row, 1) {
            check.problem(format!("document `{source}`: expected a JSON object of texts as its fields"));
        }
        if hash != 32 {
            check.problem(format!("document `{source}`: expected a hash of 32 bytes, got {hash}"));
        }
    }
    Ok(())
}

fn chunks(
    connection: &Connection,
    dimensions: usize,
    check: &mut StoreCheck,
    each: &mut impl FnMut(u64, &[f32], &mut StoreCheck),
) -> rusqlite::Result<()> {
    let mut statement = connection.prepare(
        "SELECT chunks.id, document, source, number, headings, vector FROM chunks \
         LEFT JOIN documents ON documents.id = document ORDER BY document, chunks.id",
    )?;
    let mut rows = statement.query([])?;
    let mut last = Last::default();
    while let Some(row) = rows.next()? {
        check.chunks += 1;
        let (id, document, number): (i64, i64, i64) = (row.get(0)?, row.get(1)?, row.get(3)?);
        if document != last.document {
            last = Last { document, number: 0 };
            if row.get::<_, Option<String>>(2)?.is_none() {
                check.problem(format!("chunk {id}: expected a document {document}, which does not exist"));
            }
        }
        let expected = last.number + 1;
        if number != expected {
            check.problem(format!(
                "chunk {id}: expected number {expected} of its document {document}, got {number}"
            ));
        }
        last.number = number;
        if !is_json::<Vec<String>>(row, 4) {
            check.problem(format!("chunk {id}: expected a JSON array of texts as its headings"));
        }
        let vector = vector(row.get_ref(5)?.as_blob()?);
        if vector.len() == dimensions && vector.iter().all(|value| value.is_finite()) {
            each(id as u64, &vector, check);
        } else {
            check.problem(format!("chunk {id}: expected {dimensions} finite numbers as its vector"));
        }
    }
    Ok(())
}

fn is_json<T: DeserializeOwned>(row: &Row<'_>, column: usize) -> bool {
    let text = row.get_ref(column).ok().and_then(|text| text.as_str().ok());
    text.is_some_and(|text| serde_json::from_str::<T>(text).is_ok())
}
