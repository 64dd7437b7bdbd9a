use crate::Result;
use crate::retrieval::store::{FlatStore, HnswOptions, HnswStore, Metric};
use crate::retrieval::{Neighbour, VectorRow};

/// The vectors of all chunks: searched exactly while they are few, with a graph when they are many.
#[derive(Debug)]
pub(super) struct DenseIndex {
    vectors: Vectors,
    threshold: usize,
    options: HnswOptions,
}

#[derive(Debug)]
enum Vectors {
    Exact(FlatStore),
    Graph(HnswStore),
}

impl DenseIndex {
    pub(super) fn new(dimensions: usize, threshold: usize, options: HnswOptions) -> Result<Self> {
        options.check()?;
        Ok(Self { vectors: Vectors::Exact(FlatStore::new(dimensions, Metric::Cosine)), threshold, options })
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
                let store = HnswStore::from_flat(store, Metric::Cosine, self.options.clone())?;
                self.vectors = Vectors::Graph(store);
            }
            Vectors::Graph(store) if !many => self.vectors = Vectors::Exact(store.to_flat()),
            _ => {}
        }
        Ok(())
    }

    pub(super) fn nearest(&self, vector: &[f32], k: usize) -> Result<Vec<Neighbour>> {
        match &self.vectors {
            Vectors::Exact(store) => store.nearest(vector, k),
            Vectors::Graph(store) => store.nearest(vector, k),
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::retrieval::store::samples::clustered;

    #[test]
    fn the_graph_begins_above_the_threshold_and_ends_below_it() {
        let rows = clustered(10_001, 4, 1);
        let mut index = DenseIndex::new(4, 10_000, HnswOptions::default()).expect("the options are sound");

        index.apply(&rows[..10_000], &[]).expect("the rows are sound");
        assert!(index.graph().is_none());

        index.apply(&rows[10_000..], &[]).expect("the rows are sound");
        assert!(index.graph().is_some());
        assert_eq!(index.nearest(&rows[3].vector, 1).expect("sound")[0].id, 3);

        index.apply(&[], &[5]).expect("nothing is added");
        assert!(index.graph().is_none());
        assert_eq!(index.len(), 10_000);
        assert_ne!(index.nearest(&rows[5].vector, 1).expect("sound")[0].id, 5);
    }

    #[test]
    fn with_a_threshold_of_zero_there_is_always_a_graph() {
        let mut index = DenseIndex::new(4, 0, HnswOptions::default()).expect("the options are sound");

        index.apply(&clustered(15, 4, 1), &[]).expect("the rows are sound");

        assert!(index.graph().is_some());
    }
}
