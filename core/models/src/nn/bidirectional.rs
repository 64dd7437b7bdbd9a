use std::sync::Arc;

use rushlight_kernels::{gelu_erf, layer_norm};

use super::attention::{Attention, Queries};
use super::dense::Dense;
use super::rows::for_each_row;
use crate::kv::KvPool;
use crate::{KvCache, Result};

/// A post-norm transformer in which every token sees all others of its sequence.
#[derive(Debug)]
pub(crate) struct Bidirectional {
    pub(crate) embeddings: Embeddings,
    pub(crate) layers: Vec<Layer>,
    pub(crate) attention: Attention,
    /// Of the keys and values of one layer.
    pub(crate) pool: Arc<KvPool>,
    pub(crate) hidden: usize,
}

/// What a token is before the first layer: the sum of its word's, its position's and its segment's vectors.
#[derive(Debug)]
pub(crate) struct Embeddings {
    /// `[vocabulary][hidden]`
    pub(crate) words: Vec<f32>,
    /// `[positions][hidden]`, the first segment's vector added.
    pub(crate) positions: Vec<f32>,
    pub(crate) norm: Norm,
}

/// One layer: attention, then a feed-forward network, each added to its input and normalised.
#[derive(Debug)]
pub(crate) struct Layer {
    pub(crate) query: Dense,
    pub(crate) key: Dense,
    pub(crate) value: Dense,
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
    pub(crate) fn forward(&self, sequences: &[Vec<u32>]) -> Result<Vec<f32>> {
        let mut hidden = self.embed(sequences);
        let mut caches = vec![KvCache::new(&self.pool); sequences.len()];
        for (cache, tokens) in caches.iter_mut().zip(sequences) {
            cache.reserve(tokens.len())?;
        }
        let [mut queries, mut keys, mut values, mut wide] = [const { Vec::new() }; 4];
        let mut attended = vec![0.0; hidden.len()];
        for layer in &self.layers {
            layer.query.forward(&hidden, &mut queries)?;
            layer.key.forward(&hidden, &mut keys)?;
            layer.value.forward(&hidden, &mut values)?;
            self.attend(sequences, &mut caches, [&queries, &keys, &values], &mut attended);
            layer.attention_output.forward(&attended, &mut queries)?;
            layer.attention_norm.add_and_normalise(&mut hidden, &queries);
            layer.intermediate.forward_then(&hidden, &mut wide, gelu_erf)?;
            layer.output.forward(&wide, &mut queries)?;
            layer.output_norm.add_and_normalise(&mut hidden, &queries);
        }
        Ok(hidden)
    }

    fn embed(&self, sequences: &[Vec<u32>]) -> Vec<f32> {
        let Embeddings { words, positions, norm } = &self.embeddings;
        let width = self.hidden;
        let (mut hidden, mut places) = (Vec::new(), Vec::new());
        for tokens in sequences {
            for token in tokens {
                hidden.extend_from_slice(&words[*token as usize * width..][..width]);
            }
            places.extend_from_slice(&positions[..tokens.len() * width]);
        }
        norm.add_and_normalise(&mut hidden, &places);
        hidden
    }

    fn attend(
        &self,
        sequences: &[Vec<u32>],
        caches: &mut [KvCache],
        [queries, keys, values]: [&[f32]; 3],
        attended: &mut [f32],
    ) {
        let mut first = 0;
        let mut parts = Vec::with_capacity(sequences.len());
        for (tokens, cache) in sequences.iter().zip(caches) {
            let rows = first..first + tokens.len();
            first = rows.end;
            let part = rows.start * self.hidden..rows.end * self.hidden;
            cache.write(0, &keys[part.clone()], &values[part]);
            parts.push(Queries { cache, layer: 0, rows, causal: false, window: None });
        }
        self.attention.forward(&parts, queries, attended);
    }
}
