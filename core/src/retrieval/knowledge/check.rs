use std::path::Path;

use super::shared::GRAPH;
use crate::Result;
use crate::retrieval::StoreCheck;
use crate::retrieval::store::sqlite::Database;
use crate::retrieval::store::{HnswStore, Metric};

/// Looks at everything that the store in `dir` holds, and at the file of its graph if there is one.
pub(super) fn check(dir: &Path) -> Result<StoreCheck> {
    let path = dir.join(GRAPH);
    Database::look_through(dir, |dimensions, check| {
        let rows = HnswStore::rows_of(path.clone(), dimensions, Metric::Cosine).unwrap_or_else(|error| {
            check.problem(format!("{}; it is built anew when the store is opened", error.chain()));
            None
        });
        move |id, vector: &[f32], check: &mut StoreCheck| {
            if rows.as_ref().and_then(|rows| rows.holds(id, vector)) == Some(false) {
                let path = path.display();
                check.problem(format!(
                    "chunk {id}: `{path}` has another vector; the next rebuild replaces it"
                ));
            }
        }
    })
}
