use super::{Activation, Attention, Choices, Config, Linear, Matrix, Pairing, Reach, Rope};
use crate::kv::{KvPool, KvType};
use crate::weights::Weights;
use crate::{Result, WeightLayout};

/// A pre-norm transformer decoder: what the architectures of this crate have in common.
#[derive(Debug, Clone)]
pub(crate) struct Decoder {
    /// The model's name, for messages.
    pub(crate) name: String,
    pub(crate) config: Config,
    pub(crate) embedding: Matrix,
    pub(crate) blocks: Vec<Block>,
    pub(crate) norm: Vec<f32>,
    /// None if the embedding serves as the output too.
    pub(crate) output: Option<Matrix>,
    pub(crate) ropes: Vec<Rope>,
    pub(crate) attention: Attention,
    pub(crate) activation: Activation,
    pub(crate) embedding_scale: Option<f32>,
}

/// One layer: attention, then a gated feed-forward network, each after an RMS norm and added to its input.
#[derive(Debug, Clone)]
pub(crate) struct Block {
    pub(crate) reach: Reach,
    pub(crate) attention_norm: Vec<f32>,
    pub(crate) query: Linear,
    pub(crate) key: Linear,
    pub(crate) value: Linear,
    /// Of each head of the queries, before the rotation.
    pub(crate) query_norm: Option<Vec<f32>>,
    /// Of each head of the keys, before the rotation.
    pub(crate) key_norm: Option<Vec<f32>>,
    pub(crate) attention_output: Linear,
    /// Of what attention adds to its input.
    pub(crate) attention_post_norm: Option<Vec<f32>>,
    pub(crate) feed_forward_norm: Vec<f32>,
    pub(crate) gate: Linear,
    pub(crate) up: Linear,
    pub(crate) down: Linear,
    /// Of what the feed-forward network adds to its input.
    pub(crate) feed_forward_post_norm: Option<Vec<f32>>,
}

impl Block {
    /// Reads `blk.{index}.…` by the names that the architectures share; biases and further norms are read where there
    /// are any, and matrices that the file joins are taken apart.
    pub(crate) fn read(weights: &Weights, config: &Config, index: usize, reach: Reach) -> Result<Self> {
        let name = |part: &str| format!("blk.{index}.{part}");
        let Config { hidden, feed_forward, head_dimension, .. } = *config;
        let linear = |part: &str, rows, columns| weights.linear(&name(part), rows, columns);
        let optional = |part: &str, length| weights.optional_vector(&name(part), length);
        let [query, key, value] = if weights.has(&name("attn_qkv.weight")) {
            let rows = [config.query_width(), config.kv_width(), config.kv_width()];
            weights.joined(&name("attn_qkv"), rows, hidden)?
        } else {
            [
                linear("attn_q", config.query_width(), hidden)?,
                linear("attn_k", config.kv_width(), hidden)?,
                linear("attn_v", config.kv_width(), hidden)?,
            ]
        };
        let [gate, up] = if weights.has(&name("ffn_gate.weight")) {
            [linear("ffn_gate", feed_forward, hidden)?, linear("ffn_up", feed_forward, hidden)?]
        } else {
            weights.joined(&name("ffn_up"), [feed_forward, feed_forward], hidden)?
        };
        Ok(Self {
            reach,
            attention_norm: weights.vector(&name("attn_norm.weight"), hidden)?,
            query,
            key,
            value,
            query_norm: optional("attn_q_norm.weight", head_dimension)?,
            key_norm: optional("attn_k_norm.weight", head_dimension)?,
            attention_output: linear("attn_output", hidden, config.query_width())?,
            attention_post_norm: optional("post_attention_norm.weight", hidden)?,
            feed_forward_norm: weights.vector(&name("ffn_norm.weight"), hidden)?,
            gate,
            up,
            down: linear("ffn_down", hidden, feed_forward)?,
            feed_forward_post_norm: optional("post_ffw_norm.weight", hidden)?,
        })
    }
}

impl Decoder {
    /// Reads the tensors by the names that the architectures share.
    pub(crate) fn read(weights: &Weights, config: Config, choices: Choices) -> Result<Self> {
        let rows = weights.rows("token_embd.weight")?;
        let embedding = weights.matrix("token_embd.weight", rows, config.hidden)?;
        let own_output = weights.has("output.weight");
        let output = own_output.then(|| weights.matrix("output.weight", rows, config.hidden)).transpose()?;
        let blocks = (0..config.layers)
            .map(|index| Block::read(weights, &config, index, choices.reach(index)))
            .collect::<Result<_>>()?;
        let attention = Attention {
            group: config.heads / config.kv_heads,
            dimension: config.head_dimension,
            scale: config.attention_scale,
        };
        Ok(Self {
            name: weights.model().to_owned(),
            embedding,
            blocks,
            norm: weights.vector("output_norm.weight", config.hidden)?,
            output,
            ropes: choices.ropes,
            attention,
            activation: choices.activation,
            embedding_scale: choices.embedding_scale,
            config,
        })
    }

    /// The number of logits.
    pub(crate) fn vocabulary(&self) -> usize {
        self.embedding.rows()
    }

    /// The matrix that turns the last hidden state into logits.
    pub(crate) fn head(&self) -> &Matrix {
        self.output.as_ref().unwrap_or(&self.embedding)
    }

    /// How the largest matrices lie in memory.
    pub(crate) fn layout(&self) -> WeightLayout {
        self.blocks.first().map_or_else(|| self.head().layout(), |block| block.down.layout())
    }

    /// What this decoder does otherwise than another one, if it is not the same. Where their matrices lie does not matter,
    /// nor how these order the rows of queries and keys, nor how the files say which layers have a window.
    pub(crate) fn difference(&self, other: &Self) -> Option<&'static str> {
        let shape = |decoder: &Self| {
            let config = decoder.config.clone();
            Config { pairing: Pairing::Halves, windowed: None, attention_scale: 1.0, ..config }
        };
        let reach = |decoder: &Self| decoder.blocks.iter().map(|block| block.reach).collect::<Vec<_>>();
        if reach(self) != reach(other) {
            Some("the layers that have a window")
        } else if self.attention.scale.total_cmp(&other.attention.scale).is_ne() {
            Some("the scale of attention")
        } else if shape(self) != shape(other) {
            Some("sizes and rotations")
        } else {
            None
        }
    }

    /// The pool of this model's keys and values.
    pub(crate) fn new_pool(&self, kind: KvType) -> KvPool {
        KvPool::new(self.config.layers, self.config.kv_heads, self.config.head_dimension, kind)
    }
}
