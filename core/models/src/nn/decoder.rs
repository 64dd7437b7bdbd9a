use super::{Attention, Config, Linear, Matrix, Rope};
use crate::weights::Weights;
use crate::{KvCache, Result};

/// A pre-norm transformer decoder: what the architectures of this crate have in common.
#[derive(Debug)]
pub(crate) struct Decoder {
    /// The model's name, for messages.
    pub(crate) name: String,
    pub(crate) config: Config,
    pub(crate) embedding: Matrix,
    pub(crate) blocks: Vec<Block>,
    pub(crate) norm: Vec<f32>,
    /// None if the embedding serves as the output too.
    pub(crate) output: Option<Matrix>,
    pub(crate) rope: Rope,
    pub(crate) attention: Attention,
}

/// One layer: attention, then a gated feed-forward network, each after an RMS norm and added to its input.
#[derive(Debug)]
pub(crate) struct Block {
    pub(crate) attention_norm: Vec<f32>,
    pub(crate) query: Linear,
    pub(crate) key: Linear,
    pub(crate) value: Linear,
    pub(crate) attention_output: Linear,
    pub(crate) feed_forward_norm: Vec<f32>,
    pub(crate) gate: Linear,
    pub(crate) up: Linear,
    pub(crate) down: Linear,
}

impl Block {
    /// Reads `blk.{index}.…` by the names that the architectures share; biases are read where there are any.
    pub(crate) fn read(weights: Weights<'_>, config: &Config, index: usize) -> Result<Self> {
        let name = |part: &str| format!("blk.{index}.{part}");
        let Config { hidden, feed_forward, .. } = *config;
        let linear = |part: &str, rows, columns| weights.linear(&name(part), rows, columns);
        Ok(Self {
            attention_norm: weights.vector(&name("attn_norm.weight"), hidden)?,
            query: linear("attn_q", config.query_width(), hidden)?,
            key: linear("attn_k", config.kv_width(), hidden)?,
            value: linear("attn_v", config.kv_width(), hidden)?,
            attention_output: linear("attn_output", hidden, config.query_width())?,
            feed_forward_norm: weights.vector(&name("ffn_norm.weight"), hidden)?,
            gate: linear("ffn_gate", feed_forward, hidden)?,
            up: linear("ffn_up", feed_forward, hidden)?,
            down: linear("ffn_down", hidden, feed_forward)?,
        })
    }
}

impl Decoder {
    /// Reads the tensors by the names that the architectures share.
    pub(crate) fn read(
        weights: Weights<'_>,
        config: Config,
        rope: impl FnOnce(&Config) -> Result<Rope>,
    ) -> Result<Self> {
        let rows = weights.rows("token_embd.weight")?;
        let embedding = weights.matrix("token_embd.weight", rows, config.hidden)?;
        let own_output = weights.has("output.weight");
        let output = own_output.then(|| weights.matrix("output.weight", rows, config.hidden)).transpose()?;
        let blocks =
            (0..config.layers).map(|index| Block::read(weights, &config, index)).collect::<Result<_>>()?;
        let attention = Attention {
            group: config.heads / config.kv_heads,
            dimension: config.head_dimension,
            scale: 1.0 / (config.head_dimension as f32).sqrt(),
        };
        Ok(Self {
            name: weights.model()?,
            embedding,
            blocks,
            norm: weights.vector("output_norm.weight", config.hidden)?,
            output,
            rope: rope(&config)?,
            attention,
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

    pub(crate) fn new_cache(&self) -> KvCache {
        KvCache::new(self.config.layers, self.config.kv_heads, self.config.head_dimension)
    }

    pub(crate) fn check_cache(&self, cache: &KvCache) -> Result<()> {
        cache.check(self.config.layers, self.config.kv_heads, self.config.head_dimension)
    }
}
