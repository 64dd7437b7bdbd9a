//! What sentence encoders have in common, as the Transformers library saves them: `config.json` and
//! `model.safetensors`.

use std::path::Path;

use serde::Deserialize;

use super::{bert, mpnet};
use crate::map::MappedFile;
use crate::nn::{Bidirectional, Dense, DenseActivation, Distances, Embeddings, FullAttention, Layer, Norm};
use crate::safetensors::SafeTensors;
use crate::{Error, Result, json_file};

/// The part of `config.json` that all of them have.
#[derive(Debug, Deserialize)]
pub(super) struct Config {
    model_type: String,
    pub(super) hidden_size: usize,
    num_hidden_layers: usize,
    pub(super) num_attention_heads: usize,
    intermediate_size: usize,
    hidden_act: String,
    layer_norm_eps: f32,
    pub(super) max_position_embeddings: usize,
    vocab_size: usize,
}

/// An encoder and the most tokens that its positions allow.
#[derive(Debug)]
pub(crate) struct EncoderModel {
    pub(crate) network: Bidirectional,
    pub(crate) positions: usize,
    pub(crate) vocabulary: usize,
}

/// What makes one number of a pair of texts: a layer over the first token's state, `tanh`, and a weighted sum.
#[derive(Debug)]
pub(crate) struct Head {
    pub(crate) pooler: Dense,
    /// `[hidden]`
    pub(crate) weight: Vec<f32>,
    pub(crate) bias: f32,
}

/// What makes an architecture.
#[derive(Debug)]
pub(super) struct Family {
    /// What its checkpoints may write before all names.
    pub(super) prefix: &'static str,
    /// Queries, keys and values.
    pub(super) projection: [&'static str; 3],
    pub(super) attention_output: &'static str,
    pub(super) attention_norm: &'static str,
    /// `[positions][hidden]`, with all that every token has.
    pub(super) positions: fn(&Reader<'_>) -> Result<Vec<f32>>,
    pub(super) distances: fn(&Reader<'_>) -> Result<Option<Distances>>,
    /// What the second segment's vector has more than the first's; empty if there is no second.
    pub(super) second: fn(&Reader<'_>) -> Result<Vec<f32>>,
    /// The names of the layer and of the weighted sum that make one number of a pair, if that is known.
    pub(super) head: Option<[&'static str; 2]>,
}

const FAMILIES: [(&str, &Family); 2] = [("bert", &bert::FAMILY), ("mpnet", &mpnet::FAMILY)];

/// Reads the encoder in a directory.
#[expect(
    clippy::redundant_closure_for_method_calls,
    reason = "the method is of one lifetime, the closure of any"
)]
pub(crate) fn read(directory: &Path) -> Result<EncoderModel> {
    open(directory, |reader, family| reader.model(family))
}

/// Reads the encoder of pairs in a directory, with its head.
pub(crate) fn read_with_head(directory: &Path) -> Result<(EncoderModel, Head)> {
    open(directory, |reader, family| Ok((reader.model(family)?, reader.head(family)?)))
}

/// Has `read` read what is in a directory.
fn open<T>(directory: &Path, read: impl FnOnce(&Reader<'_>, &Family) -> Result<T>) -> Result<T> {
    let path = directory.join("config.json");
    let config = Config::read(&path)?;
    let Some((_, family)) = FAMILIES.iter().find(|(name, _)| *name == config.model_type) else {
        let known: Vec<&str> = FAMILIES.iter().map(|(name, _)| *name).collect();
        return Err(Error::Unsupported { what: "encoder", name: config.model_type, known: known.join(", ") });
    };
    let file = MappedFile::open(&directory.join("model.safetensors"))?;
    let tensors = SafeTensors::parse(&file)?.with_prefix(family.prefix, "embeddings.word_embeddings.weight");
    read(&Reader { tensors, config: &config, path: &path }, family)
}

impl Config {
    fn read(path: &Path) -> Result<Self> {
        let config: Self = json_file::read(path)?;
        if config.hidden_act != "gelu" {
            return Err(Error::Unsupported {
                what: "activation",
                name: config.hidden_act,
                known: "gelu".into(),
            });
        }
        let Self { hidden_size, num_attention_heads, .. } = config;
        if hidden_size == 0 || num_attention_heads == 0 || hidden_size % num_attention_heads != 0 {
            let message =
                format!("expected `num_attention_heads` to divide {hidden_size}, got {num_attention_heads}");
            return Err(Error::format(path, message));
        }
        Ok(config)
    }
}

/// An open checkpoint.
pub(super) struct Reader<'a> {
    pub(super) tensors: SafeTensors<'a>,
    pub(super) config: &'a Config,
    /// Of `config.json`, for what only one family has in it.
    pub(super) path: &'a Path,
}

impl Reader<'_> {
    fn model(&self, family: &Family) -> Result<EncoderModel> {
        let config = self.config;
        let dimension = config.hidden_size / config.num_attention_heads;
        let network = Bidirectional {
            embeddings: Embeddings {
                words: self.table("embeddings.word_embeddings", config.vocab_size)?,
                positions: (family.positions)(self)?,
                second: (family.second)(self)?,
                norm: self.norm("embeddings.LayerNorm")?,
            },
            layers: (0..config.num_hidden_layers)
                .map(|index| self.layer(family, index))
                .collect::<Result<_>>()?,
            attention: FullAttention {
                heads: config.num_attention_heads,
                dimension,
                scale: 1.0 / (dimension as f32).sqrt(),
                distances: (family.distances)(self)?,
            },
            hidden: config.hidden_size,
        };
        let positions = network.embeddings.positions.len() / config.hidden_size;
        Ok(EncoderModel { network, positions, vocabulary: config.vocab_size })
    }

    /// The head of a model that gives a pair one number; any other is refused.
    fn head(&self, family: &Family) -> Result<Head> {
        let Some([pooler, classifier]) = family.head else {
            let known = FAMILIES.iter().filter(|(_, family)| family.head.is_some());
            let known: Vec<&str> = known.map(|(name, _)| *name).collect();
            let name = self.config.model_type.clone();
            return Err(Error::Unsupported { what: "cross-encoder", name, known: known.join(", ") });
        };
        let width = self.config.hidden_size;
        let weight = format!("{classifier}.weight");
        match self.tensors.outside_shape(&weight).as_deref() {
            Some([1, _]) => {}
            Some([labels, ..]) => {
                let message = format!("expected a head that gives one label, found {labels} labels");
                return Err(Error::tensor(weight, message));
            }
            _ => {
                let message =
                    "is missing from the file, expected a cross-encoder with a head that gives one label";
                return Err(Error::tensor(weight, message));
            }
        }
        Ok(Head {
            pooler: self.dense(&[pooler.to_owned()], width, width, DenseActivation::Identity)?,
            weight: self.tensors.outside(&weight, &[1, width])?,
            bias: self.tensors.outside(&format!("{classifier}.bias"), &[1])?[0],
        })
    }

    /// A vector of the hidden size for each of `rows`.
    pub(super) fn table(&self, name: &str, rows: usize) -> Result<Vec<f32>> {
        self.tensors.values(&format!("{name}.weight"), &[rows, self.config.hidden_size])
    }

    fn layer(&self, family: &Family, index: usize) -> Result<Layer> {
        let Config { hidden_size, intermediate_size, .. } = *self.config;
        let name = |part: &str| format!("encoder.layer.{index}.{part}");
        let plain = DenseActivation::Identity;
        Ok(Layer {
            projection: self.dense(&family.projection.map(name), hidden_size, hidden_size, plain)?,
            attention_output: self.dense(
                &[name(family.attention_output)],
                hidden_size,
                hidden_size,
                plain,
            )?,
            attention_norm: self.norm(&name(family.attention_norm))?,
            intermediate: self.dense(
                &[name("intermediate.dense")],
                intermediate_size,
                hidden_size,
                DenseActivation::Gelu,
            )?,
            output: self.dense(&[name("output.dense")], hidden_size, intermediate_size, plain)?,
            output_norm: self.norm(&name("output.LayerNorm"))?,
        })
    }

    /// Layers of the same input, of `outputs` each, as one.
    fn dense(
        &self,
        names: &[String],
        outputs: usize,
        inputs: usize,
        activation: DenseActivation,
    ) -> Result<Dense> {
        let (mut weights, mut bias) = (Vec::new(), Vec::new());
        for name in names {
            weights.append(&mut self.tensors.values(&format!("{name}.weight"), &[outputs, inputs])?);
            bias.append(&mut self.tensors.values(&format!("{name}.bias"), &[outputs])?);
        }
        Dense::new(&weights, &bias, inputs, activation)
    }

    fn norm(&self, name: &str) -> Result<Norm> {
        let values = |part: &str| self.tensors.values(&format!("{name}.{part}"), &[self.config.hidden_size]);
        Ok(Norm { weight: values("weight")?, bias: values("bias")?, epsilon: self.config.layer_norm_eps })
    }
}
