use rushlight_kernels::layer_norm;

use super::dense::Dense;
use super::full_attention::FullAttention;
use super::rows::for_each_row;
use crate::Result;

/// A post-norm transformer in which every token sees all others of its sequence.
#[derive(Debug)]
pub(crate) struct Bidirectional {
    pub(crate) embeddings: Embeddings,
    pub(crate) layers: Vec<Layer>,
    pub(crate) attention: FullAttention,
    pub(crate) hidden: usize,
}

/// The tokens of a text, or of two texts that are read together.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Sequence {
    pub(crate) tokens: Vec<u32>,
    /// Where the second segment begins; the number of tokens if there is none.
    pub(crate) second: usize,
}

/// What a token is before the first layer: the sum of its word's, its position's and its segment's vectors.
#[derive(Debug)]
pub(crate) struct Embeddings {
    /// `[vocabulary][hidden]`
    pub(crate) words: Vec<f32>,
    /// `[positions][hidden]`, the first segment's vector added.
    pub(crate) positions: Vec<f32>,
    /// `[hidden]`, what the second segment's vector has more than the first's; empty without segments.
    pub(crate) second: Vec<f32>,
    pub(crate) norm: Norm,
}

/// One layer: attention, then a feed-forward network, each added to its input and normalised.
#[derive(Debug)]
pub(crate) struct Layer {
    /// Queries, keys and values.
    pub(crate) projection: Dense,
    pub(crate) attention_output: Dense,
    pub(crate) attention_norm: Norm,
    pub(crate) intermediate: Dense,
    pub(crate) output: Dense,
    pub(crate) output_norm: Norm,
}

/// Layer normalisation (arXiv 1607.06450).
#[derive(Debug, Clone)]
pub(crate) struct Norm {
    pub(crate) weight: Vec<f32>,
    pub(crate) bias: Vec<f32>,
    pub(crate) epsilon: f32,
}

impl Norm {
    /// Replaces `rows` by the normalised sum of `rows` and `other`.
    fn add_and_normalise(&self, rows: &mut [f32], other: &[f32]) {
        let width = self.weight.len();
        for_each_row(rows, width, |index, row| {
            let sum: Vec<f32> = row.iter().zip(&other[index * width..]).map(|(a, b)| a + b).collect();
            layer_norm(&sum, &self.weight, &self.bias, self.epsilon, row);
        });
    }
}

impl Bidirectional {
    /// The hidden states `[rows][hidden]` of several sequences, one after the other, each with at least one
    /// token, none longer than the positions, all tokens inside the vocabulary.
    pub(crate) fn forward(&self, sequences: &[&Sequence]) -> Result<Vec<f32>> {
        let lengths: Vec<usize> = sequences.iter().map(|sequence| sequence.tokens.len()).collect();
        let mut hidden = self.embed(sequences);
        let [mut projected, mut wide, mut change] = [const { Vec::new() }; 3];
        let mut attended = vec![0.0; hidden.len()];
        for layer in &self.layers {
            layer.projection.forward(&hidden, &mut projected)?;
            self.attention.forward(&lengths, &projected, &mut attended);
            layer.attention_output.forward(&attended, &mut change)?;
            layer.attention_norm.add_and_normalise(&mut hidden, &change);
            layer.intermediate.forward(&hidden, &mut wide)?;
            layer.output.forward(&wide, &mut change)?;
            layer.output_norm.add_and_normalise(&mut hidden, &change);
        }
        Ok(hidden)
    }

    fn embed(&self, sequences: &[&Sequence]) -> Vec<f32> {
        let Embeddings { words, positions, second, norm } = &self.embeddings;
        let width = self.hidden;
        let (mut hidden, mut places) = (Vec::new(), Vec::new());
        for Sequence { tokens, second: start } in sequences {
            for token in tokens {
                hidden.extend_from_slice(&words[*token as usize * width..][..width]);
            }
            places.extend_from_slice(&positions[..tokens.len() * width]);
            let after = places.len() - (tokens.len() - start) * width;
            for place in places[after..].chunks_exact_mut(width) {
                for (place, second) in place.iter_mut().zip(second) {
                    *place += second;
                }
            }
        }
        norm.add_and_normalise(&mut hidden, &places);
        hidden
    }
}
