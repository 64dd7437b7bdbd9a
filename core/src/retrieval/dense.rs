use std::path::PathBuf;

use crate::Result;
use crate::retrieval::metadata::IdSet;
use crate::retrieval::store::{FlatStore, HnswOptions, HnswStore, Metric};
use crate::retrieval::{Neighbour, VectorRow};

/// The vectors of all chunks: searched exactly while they are few, with a graph when they are many.
#[derive(Debug)]
pub(super) struct DenseIndex {
    vectors: Vectors,
    threshold: usize,
    options: HnswOptions,
    file: Option<IndexFile>,
}

/// Where the graph is kept between runs, with the vectors that it covers.
#[derive(Debug, Clone)]
pub(super) struct IndexFile {
    pub(super) path: PathBuf,
    pub(super) read_only: bool,
}

#[derive(Debug)]
enum Vectors {
    Exact(FlatStore),
    Graph(HnswStore),
}

impl DenseIndex {
    /// The index that the file holds, or an empty one: where the file cannot be used, it is to be made anew.
    pub(super) fn new(
        dimensions: usize,
        threshold: usize,
        options: HnswOptions,
        file: Option<IndexFile>,
    ) -> Result<Self> {
        options.check()?;
        let stored = file.as_ref().and_then(|file| {
            file.load(dimensions, &options)
                .inspect_err(|error| tracing::warn!(error = error.chain(), "the graph is built anew"))
                .ok()
        });
        let vectors = match stored {
            Some(store) if store.len() > 0 => Vectors::Graph(store),
            _ => Vectors::Exact(FlatStore::new(dimensions, Metric::Cosine)),
        };
        Ok(Self { vectors, threshold, options, file })
    }

    /// Adds vectors, removes others, and changes the kind of search where their number calls for it.
    pub(super) fn apply(&mut self, added: &[VectorRow], removed: &[u64]) -> Result<()> {
        self.add(added)?;
        match &self.vectors {
            Vectors::Exact(store) => store.remove(removed),
            Vectors::Graph(store) => store.remove(removed),
        }
        self.choose()
    }

    /// Adds vectors; for many at once, followed by one [`apply`](Self::apply).
    pub(super) fn add(&mut self, rows: &[VectorRow]) -> Result<()> {
        match &self.vectors {
            Vectors::Exact(store) => store.put(rows),
            Vectors::Graph(store) => store.put(rows),
        }
    }

    /// Changes the kind of search where the number of vectors passed the threshold.
    fn choose(&mut self) -> Result<()> {
        let many = self.len() > self.threshold;
        match &self.vectors {
            Vectors::Exact(store) if many => {
                let file = self.writable_file().map(|file| file.path.clone());
                let store = HnswStore::from_flat(store, file, self.options.clone())?;
                self.vectors = Vectors::Graph(store);
            }
            Vectors::Graph(store) if !many => {
                self.vectors = Vectors::Exact(store.to_flat());
                if let Some(file) = self.writable_file() {
                    // It may not have been written yet; one that stays is put right when it is read.
                    let _ = std::fs::remove_file(&file.path);
                }
            }
            _ => {}
        }
        Ok(())
    }

    fn writable_file(&self) -> Option<&IndexFile> {
        self.file.as_ref().filter(|file| !file.read_only)
    }

    /// The `k` nearest vectors, of those of `only` if it is given.
    pub(super) fn nearest(&self, vector: &[f32], k: usize, only: Option<&IdSet>) -> Result<Vec<Neighbour>> {
        match &self.vectors {
            Vectors::Exact(store) => store.nearest(vector, k, only),
            Vectors::Graph(store) => store.nearest(vector, k, only),
        }
    }

    /// The ids of all vectors, in no order.
    pub(super) fn ids(&self) -> Vec<u64> {
        match &self.vectors {
            Vectors::Exact(store) => store.ids(),
            Vectors::Graph(store) => store.ids(),
        }
    }

    pub(super) fn len(&self) -> usize {
        match &self.vectors {
            Vectors::Exact(store) => store.len(),
            Vectors::Graph(store) => store.len(),
        }
    }

    /// The graph, when there are enough vectors for one.
    pub(super) fn graph(&self) -> Option<&HnswStore> {
        match &self.vectors {
            Vectors::Exact(_) => None,
            Vectors::Graph(store) => Some(store),
        }
    }
}

impl IndexFile {
    fn load(&self, dimensions: usize, options: &HnswOptions) -> Result<HnswStore> {
        let (path, options) = (self.path.clone(), options.clone());
        if self.read_only {
            HnswStore::open_read_only(path, dimensions, Metric::Cosine, options)
        } else {
            HnswStore::open(path, dimensions, Metric::Cosine, options)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::retrieval::store::samples::clustered;

    #[test]
    fn the_graph_begins_above_the_threshold_and_ends_below_it() {
        let rows = clustered(10_001, 4, 1);
        let mut index =
            DenseIndex::new(4, 10_000, HnswOptions::default(), None).expect("the options are sound");

        index.apply(&rows[..10_000], &[]).expect("the rows are sound");
        assert!(index.graph().is_none());

        index.apply(&rows[10_000..], &[]).expect("the rows are sound");
        assert!(index.graph().is_some());
        assert_eq!(index.nearest(&rows[3].vector, 1, None).expect("sound")[0].id, 3);

        index.apply(&[], &[5]).expect("nothing is added");
        assert!(index.graph().is_none());
        assert_eq!(index.len(), 10_000);
        assert_ne!(index.nearest(&rows[5].vector, 1, None).expect("sound")[0].id, 5);
    }

    #[test]
    fn with_a_threshold_of_zero_there_is_always_a_graph() {
        let mut index = DenseIndex::new(4, 0, HnswOptions::default(), None).expect("the options are sound");

        index.apply(&clustered(15, 4, 1), &[]).expect("the rows are sound");

        assert!(index.graph().is_some());
    }
}
