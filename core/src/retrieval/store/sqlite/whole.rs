use rusqlite::{Row, Statement};

use super::read::{Snapshot, json, vector};
use super::{NewChunk, NewDocument};
use crate::Result;

impl Snapshot<'_> {
    /// Gives every document with all that is stored of it to `each`, in the order in which they were stored.
    pub(in crate::retrieval) fn each_document(
        &self,
        mut each: impl FnMut(NewDocument) -> Result<()>,
    ) -> Result<()> {
        let mut documents = self.read(self.transaction.prepare(
            "SELECT id, source, title, metadata, hash, recipe, path, size, modified FROM documents ORDER BY id",
        ))?;
        let mut chunks = self.read(self.transaction.prepare(
            "SELECT start, headings, text, vector FROM chunks WHERE document = ?1 ORDER BY number",
        ))?;
        let mut rows = self.read(documents.query([]))?;
        while let Some(row) = self.read(rows.next())? {
            each(self.read(document(row, &mut chunks))?)?;
        }
        Ok(())
    }
}

fn document(row: &Row<'_>, chunks: &mut Statement<'_>) -> rusqlite::Result<NewDocument> {
    let id: i64 = row.get(0)?;
    let chunks = chunks.query_map([id], |row| {
        Ok(NewChunk {
            start: row.get::<_, i64>(0)? as usize,
            headings: json(row, 1)?,
            text: row.get(2)?,
            vector: vector(row.get_ref(3)?.as_blob()?),
        })
    })?;
    Ok(NewDocument {
        source: row.get(1)?,
        title: row.get(2)?,
        metadata: json(row, 3)?,
        hash: row.get(4)?,
        recipe: row.get(5)?,
        path: row.get(6)?,
        size: row.get(7)?,
        modified: row.get(8)?,
        chunks: chunks.collect::<rusqlite::Result<_>>()?,
    })
}
