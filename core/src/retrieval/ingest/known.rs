use std::collections::HashMap;
use std::path::Path;

use crate::retrieval::load::Found;
use crate::retrieval::store::sqlite::StoredDocument;

/// The documents that are stored, as an ingest looks them up.
#[derive(Debug, Default)]
pub(super) struct Known {
    by_source: HashMap<String, StoredDocument>,
    source_by_path: HashMap<String, String>,
}

impl Known {
    pub(super) fn new(documents: Vec<StoredDocument>) -> Self {
        let mut known = Self::default();
        for document in documents {
            known.remember(document);
        }
        known
    }

    pub(super) fn remember(&mut self, document: StoredDocument) {
        if let Some(path) = &document.path {
            self.source_by_path.insert(path.clone(), document.source.clone());
        }
        self.by_source.insert(document.source.clone(), document);
    }

    pub(super) fn document(&self, source: &str) -> Option<&StoredDocument> {
        self.by_source.get(source)
    }

    /// The other source under which the file is stored: its path was written in another way then.
    pub(super) fn other_source(&self, file: &Found) -> Option<&String> {
        self.source_by_path.get(&file.resolved).filter(|source| **source != file.source)
    }

    /// Whether the file need not even be read.
    pub(super) fn is_same(&self, file: &Found, recipe: &str) -> bool {
        self.document(&file.source).is_some_and(|stored| {
            stored.path.as_ref() == Some(&file.resolved)
                && stored.size == Some(file.size)
                && stored.modified.is_some()
                && stored.modified == file.modified
                && stored.recipe == recipe
        })
    }

    /// The sources of files under `root` that are no longer there.
    pub(super) fn gone(&self, root: &Path) -> Vec<String> {
        let under_root = self.source_by_path.iter().filter(|(path, _)| Path::new(path).starts_with(root));
        let gone = under_root.filter(|(path, _)| Path::new(path).try_exists().is_ok_and(|exists| !exists));
        let mut sources: Vec<String> = gone.map(|(_, source)| source.clone()).collect();
        sources.sort_unstable();
        sources
    }
}
