//! BERT (arXiv 1810.04805) as the Transformers library saves it: `config.json` and `model.safetensors`.

use std::path::Path;
use std::sync::Arc;

use serde::Deserialize;

use crate::kv::{KvPool, KvType};
use crate::map::MappedFile;
use crate::nn::{Attention, Bidirectional, Dense, Embeddings, Layer, Norm};
use crate::safetensors::SafeTensors;
use crate::{Error, Result, json_file};

/// The part of `config.json` that says how to compute.
#[derive(Debug, Deserialize)]
struct Config {
    model_type: String,
    hidden_size: usize,
    num_hidden_layers: usize,
    num_attention_heads: usize,
    intermediate_size: usize,
    hidden_act: String,
    layer_norm_eps: f32,
    max_position_embeddings: usize,
    type_vocab_size: usize,
    vocab_size: usize,
    #[serde(default = "absolute")]
    position_embedding_type: String,
}

/// An encoder and the most tokens that its positions allow.
#[derive(Debug)]
pub(crate) struct Bert {
    pub(crate) encoder: Bidirectional,
    pub(crate) positions: usize,
    pub(crate) vocabulary: usize,
}

/// Reads the encoder in a directory.
pub(crate) fn read(directory: &Path) -> Result<Bert> {
    let config = Config::read(&directory.join("config.json"))?;
    let file = MappedFile::open(&directory.join("model.safetensors"))?;
    let tensors = SafeTensors::parse(&file)?.with_prefix("bert.", "embeddings.word_embeddings.weight");
    let reader = Reader { tensors, config: &config };
    let embeddings = reader.embeddings()?;
    let layers = (0..config.num_hidden_layers).map(|index| reader.layer(index)).collect::<Result<_>>()?;
    let dimension = config.hidden_size / config.num_attention_heads;
    let encoder = Bidirectional {
        embeddings,
        layers,
        attention: Attention { group: 1, dimension, scale: 1.0 / (dimension as f32).sqrt() },
        pool: Arc::new(KvPool::new(1, config.num_attention_heads, dimension, KvType::F32)),
        hidden: config.hidden_size,
    };
    Ok(Bert { encoder, positions: config.max_position_embeddings, vocabulary: config.vocab_size })
}

fn absolute() -> String {
    "absolute".into()
}

impl Config {
    fn read(path: &Path) -> Result<Self> {
        let config: Self = json_file::read(path)?;
        let supported = |what, found: &str, known: &[&str]| {
            if known.contains(&found) {
                return Ok(());
            }
            Err(Error::Unsupported { what, name: found.to_owned(), known: known.join(", ") })
        };
        supported("encoder", &config.model_type, &["bert"])?;
        supported("activation", &config.hidden_act, &["gelu"])?;
        supported("position embedding", &config.position_embedding_type, &["absolute"])?;
        let Self { hidden_size, num_attention_heads, .. } = config;
        if hidden_size == 0 || num_attention_heads == 0 || hidden_size % num_attention_heads != 0 {
            let message =
                format!("expected `num_attention_heads` to divide {hidden_size}, got {num_attention_heads}");
            return Err(Error::format(path, message));
        }
        Ok(config)
    }
}

struct Reader<'a> {
    tensors: SafeTensors<'a>,
    config: &'a Config,
}

impl Reader<'_> {
    fn embeddings(&self) -> Result<Embeddings> {
        let Config { hidden_size, vocab_size, max_position_embeddings, type_vocab_size, .. } = *self.config;
        let table = |name: &str, rows| {
            self.tensors.values(&format!("embeddings.{name}_embeddings.weight"), &[rows, hidden_size])
        };
        let segments = table("token_type", type_vocab_size)?;
        let mut positions = table("position", max_position_embeddings)?;
        for row in positions.chunks_exact_mut(hidden_size) {
            for (position, segment) in row.iter_mut().zip(&segments) {
                *position += segment;
            }
        }
        Ok(Embeddings {
            words: table("word", vocab_size)?,
            positions,
            norm: self.norm("embeddings.LayerNorm")?,
        })
    }

    fn layer(&self, index: usize) -> Result<Layer> {
        let Config { hidden_size, intermediate_size, .. } = *self.config;
        let name = |part: &str| format!("encoder.layer.{index}.{part}");
        let square = |part: &str| self.dense(&name(part), hidden_size, hidden_size);
        Ok(Layer {
            query: square("attention.self.query")?,
            key: square("attention.self.key")?,
            value: square("attention.self.value")?,
            attention_output: square("attention.output.dense")?,
            attention_norm: self.norm(&name("attention.output.LayerNorm"))?,
            intermediate: self.dense(&name("intermediate.dense"), intermediate_size, hidden_size)?,
            output: self.dense(&name("output.dense"), hidden_size, intermediate_size)?,
            output_norm: self.norm(&name("output.LayerNorm"))?,
        })
    }

    fn dense(&self, name: &str, outputs: usize, inputs: usize) -> Result<Dense> {
        let weights = self.tensors.values(&format!("{name}.weight"), &[outputs, inputs])?;
        Dense::new(&weights, self.tensors.values(&format!("{name}.bias"), &[outputs])?, inputs)
    }

    fn norm(&self, name: &str) -> Result<Norm> {
        let values = |part: &str| self.tensors.values(&format!("{name}.{part}"), &[self.config.hidden_size]);
        Ok(Norm { weight: values("weight")?, bias: values("bias")?, epsilon: self.config.layer_norm_eps })
    }
}
