use std::collections::{BTreeSet, HashMap};
use std::path::Path;

use crate::retrieval::load::Found;
use crate::retrieval::store::sqlite::StoredDocument;

/// The documents that are stored, as an ingest looks them up.
#[derive(Debug, Default)]
pub(super) struct Known {
    by_source: HashMap<String, StoredDocument>,
    /// The sources of what came from one place: a file, or a web site.
    by_path: HashMap<String, BTreeSet<String>>,
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
        let before = self.by_source.get(&document.source).and_then(|before| before.path.as_ref());
        if let Some(sources) = before.and_then(|path| self.by_path.get_mut(path)) {
            sources.remove(&document.source);
        }
        if let Some(path) = &document.path {
            self.by_path.entry(path.clone()).or_default().insert(document.source.clone());
        }
        self.by_source.insert(document.source.clone(), document);
    }

    pub(super) fn document(&self, source: &str) -> Option<&StoredDocument> {
        self.by_source.get(source)
    }

    /// The sources of all that is stored from one place.
    pub(super) fn sources(&self, path: &str) -> impl Iterator<Item = &String> {
        self.by_path.get(path).into_iter().flatten()
    }

    /// Whether the file need not even be read: all that it held is stored, and it is still the same.
    pub(super) fn is_same(&self, file: &Found, recipe: &str) -> bool {
        let is_same = |stored: &StoredDocument| {
            stored.size == Some(file.size)
                && stored.modified.is_some()
                && stored.modified == file.modified
                && stored.recipe == recipe
        };
        let mut stored = self.sources(&file.resolved).filter_map(|source| self.document(source)).peekable();
        stored.peek().is_some() && stored.all(is_same)
    }

    /// The sources of files under `root` that are no longer there.
    pub(super) fn gone(&self, root: &Path) -> Vec<String> {
        let under_root = self.by_path.iter().filter(|(path, _)| Path::new(path).starts_with(root));
        let gone = under_root.filter(|(path, _)| Path::new(path).try_exists().is_ok_and(|exists| !exists));
        let mut sources: Vec<String> = gone.flat_map(|(_, sources)| sources).cloned().collect();
        sources.sort_unstable();
        sources
    }
}
