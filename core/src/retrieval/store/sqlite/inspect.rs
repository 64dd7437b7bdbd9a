use std::path::Path;

use super::{Database, schema};
use crate::Result;
use crate::retrieval::StoreInfo;

impl Database {
    /// What the store in `dir` says about itself.
    pub(in crate::retrieval) fn inspect(dir: &Path) -> Result<StoreInfo> {
        let database = Self::connect(dir)?;
        let format = database.check_format()?.unsigned_abs();
        let identity = database.identity()?;
        let (documents, chunks) = database.run("read", |connection| {
            Ok((schema::count_documents(connection)?, schema::count_chunks(connection)?))
        })?;
        Ok(StoreInfo {
            path: database.path().to_owned(),
            format,
            embedder: identity.embedder,
            dimensions: identity.dimensions,
            documents,
            chunks,
            bytes: database.bytes(),
        })
    }
}
