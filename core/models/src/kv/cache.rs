use super::Heads;
use crate::{Error, Result};

/// The keys and values of one sequence, which grow with every forward pass.
///
/// Only the model that made a cache can use it. Dropping the cache gives its memory back.
#[derive(Debug, Clone)]
pub struct KvCache {
    layers: Vec<Heads>,
    length: usize,
}

impl KvCache {
    pub(crate) fn new(layers: usize, heads: usize, dimension: usize) -> Self {
        Self { layers: vec![Heads::new(heads, dimension); layers], length: 0 }
    }

    /// The number of tokens that it holds.
    pub fn len(&self) -> usize {
        self.length
    }

    /// Whether it holds no token.
    pub fn is_empty(&self) -> bool {
        self.length == 0
    }

    /// Forgets all but the first `length` tokens; does nothing if it holds no more.
    pub fn truncate(&mut self, length: usize) {
        self.length = self.length.min(length);
        for layer in &mut self.layers {
            layer.truncate(self.length);
        }
    }

    /// The bytes that its keys and values occupy.
    pub fn size_bytes(&self) -> usize {
        self.layers.iter().map(Heads::size_bytes).sum()
    }

    /// Refuses a cache of a model with other sizes.
    pub(crate) fn check(&self, layers: usize, heads: usize, dimension: usize) -> Result<()> {
        let fits = |layer: &Heads| (layer.count(), layer.dimension()) == (heads, dimension);
        if self.layers.len() == layers && self.layers.iter().all(fits) {
            return Ok(());
        }
        let (found_heads, found_dimension) =
            self.layers.first().map_or((0, 0), |layer| (layer.count(), layer.dimension()));
        Err(Error::invalid(
            "cache",
            format!(
                "expected {layers} layers of {heads} heads of {dimension} dimensions, got {}, {found_heads} and \
                 {found_dimension}: it is another model's",
                self.layers.len()
            ),
        ))
    }

    pub(crate) fn layer(&mut self, index: usize) -> &mut Heads {
        &mut self.layers[index]
    }

    /// Counts tokens whose keys and values every layer has appended.
    pub(crate) fn advance(&mut self, tokens: usize) {
        self.length += tokens;
    }
}
