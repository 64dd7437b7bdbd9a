use super::{Pairing, Rope};

/// The sizes of a decoder and what else its files say about how to compute.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Config {
    pub(crate) layers: usize,
    pub(crate) hidden: usize,
    pub(crate) feed_forward: usize,
    pub(crate) heads: usize,
    /// A divisor of the heads.
    pub(crate) kv_heads: usize,
    pub(crate) head_dimension: usize,
    /// The most tokens of a sequence.
    pub(crate) context: usize,
    /// The context before the model was stretched.
    pub(crate) original_context: usize,
    pub(crate) norm_epsilon: f32,
    /// What the products of queries and keys are multiplied with.
    pub(crate) attention_scale: f32,
    pub(crate) rope_base: f32,
    /// The base in layers that see a window, if it is another one.
    pub(crate) local_rope_base: Option<f32>,
    pub(crate) rope_scale: f32,
    /// What rotated elements are multiplied with.
    pub(crate) rope_magnitude: f32,
    /// Even, and at most the head's.
    pub(crate) rope_dimensions: usize,
    /// How the rows of queries and keys are ordered.
    pub(crate) pairing: Pairing,
    /// How many tokens a token sees in layers with a window.
    pub(crate) window: Option<usize>,
    /// Which layers have the window, if the files say so.
    pub(crate) windowed: Option<Vec<bool>>,
}

impl Config {
    /// The width of the keys or values of one token.
    pub(crate) fn kv_width(&self) -> usize {
        self.kv_heads * self.head_dimension
    }

    /// The width of the queries of one token.
    pub(crate) fn query_width(&self) -> usize {
        self.heads * self.head_dimension
    }

    /// The rotation of layers that see everything; pairs turn slower by their factors.
    pub(crate) fn rope(&self, factors: Option<&[f32]>) -> Rope {
        Rope::new(self.rope_dimensions, self.rope_base, self.rope_scale, factors, self.pairing)
            .with_magnitude(self.rope_magnitude)
    }
}
