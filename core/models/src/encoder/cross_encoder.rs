use std::path::Path;

use serde_json::Value;

use super::body::{Body, FRAME};
use super::modules;
use crate::arch::encoder::{self, Head};
use crate::nn::Sequence;
use crate::{Error, Result, json_file};

/// A cross-encoder: reads a question and a passage together and gives them one number, the higher the better the passage
/// answers. BERT with a head of one label (`BertForSequenceClassification`), as the `cross-encoder/ms-marco-MiniLM` and
/// `ms-marco-TinyBERT` models have it.
///
/// Products are computed with 13 bits, as by [`Encoder`](super::Encoder).
///
/// It holds no state and may be shared by reference between threads. Computation runs on rayon's current
/// thread pool.
#[derive(Debug)]
pub struct CrossEncoder {
    name: String,
    body: Body,
    head: Head,
    activation: Activation,
}

/// What is made of the number that the head gives.
#[derive(Debug, Clone, Copy)]
enum Activation {
    Identity,
    /// Between 0 and 1.
    Sigmoid,
}

/// The end token between question and passage.
const BETWEEN: usize = 1;

impl CrossEncoder {
    /// Opens a directory with `config.json`, `model.safetensors` and `tokenizer.json`, as sentence-transformers and the
    /// Transformers library save them. The files are read, not kept open.
    ///
    /// As in sentence-transformers, scores are between 0 and 1 (a sigmoid) unless `config_sentence_transformers.json` or
    /// `config.json` names the identity, and the most tokens of a pair stand in `sentence_bert_config.json` or
    /// `tokenizer_config.json`.
    ///
    /// # Errors
    ///
    /// [`Error::Tensor`] for a model without a head or with one of several labels; [`Error::Unsupported`] for another
    /// architecture, activation, or a prompt.
    pub fn open(directory: &Path) -> Result<Self> {
        modules::check(&directory.join("modules.json"))?;
        let (model, head) = encoder::read_with_head(directory)?;
        if model.network.embeddings.second.is_empty() {
            let message = "expected `type_vocab_size` to be at least 2: passages are the second segment";
            return Err(Error::format(directory.join("config.json"), message));
        }
        let body = Body::open(directory, model)?;
        if body.room <= BETWEEN {
            let message =
                format!("expected room for more than {} tokens, got {}", FRAME + BETWEEN, body.room + FRAME);
            return Err(Error::format(directory, message));
        }
        let activation = Activation::read(directory)?;
        let name = directory.file_name().unwrap_or_default().to_string_lossy().into_owned();
        Ok(Self { name, body, head, activation })
    }

    /// One score for each passage, in their order. Where question and passage have more than
    /// [`max_tokens`](Self::max_tokens) together, the longer one counts by its beginning, which is the passage unless the
    /// question takes more than half of them. A passage's score does not depend on the others, to the bit.
    ///
    /// # Errors
    ///
    /// [`Error::NonFinite`] when the model's numbers overflow.
    pub fn score(&self, question: &str, passages: &[&str]) -> Result<Vec<f32>> {
        let question = self.body.tokens(question)?;
        let read = |passage: &&str| Ok(self.pair(&question, &self.body.tokens(passage)?));
        self.body.compute(passages, read, |rows| self.finish(rows))
    }

    /// The most tokens of a question and a passage together, without the three that frame them.
    pub fn max_tokens(&self) -> usize {
        self.body.room - BETWEEN
    }

    /// The directory's name.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// `[CLS] question [SEP] passage [SEP]`; the passage and what follows it are the second segment.
    fn pair(&self, question: &[u32], passage: &[u32]) -> Sequence {
        let shares = shares([question.len(), passage.len()], self.max_tokens());
        let [begin, end] = self.body.frame;
        let mut tokens = vec![begin];
        tokens.extend_from_slice(&question[..shares[0]]);
        tokens.push(end);
        let second = tokens.len();
        tokens.extend_from_slice(&passage[..shares[1]]);
        tokens.push(end);
        Sequence { tokens, second }
    }

    /// The score of a pair, from the states of its tokens.
    fn finish(&self, rows: &[f32]) -> Result<f32> {
        let Head { pooler, weight, bias } = &self.head;
        let mut pooled = Vec::new();
        pooler.forward(&rows[..weight.len()], &mut pooled)?;
        let sum: f32 = pooled.iter().zip(weight).map(|(pooled, weight)| pooled.tanh() * weight).sum();
        let score = self.activation.of(sum + bias);
        if score.is_finite() {
            Ok(score)
        } else {
            Err(Error::NonFinite { model: self.name.clone(), layer: "classifier".into(), value: score })
        }
    }
}

impl Activation {
    /// What sentence-transformers takes for one label.
    fn read(directory: &Path) -> Result<Self> {
        let path = directory.join("config_sentence_transformers.json");
        let saved: Value = json_file::read_if_there(&path)?.unwrap_or_default();
        if !saved["default_prompt_name"].is_null() {
            let name = saved["default_prompt_name"].to_string();
            return Err(Error::Unsupported { what: "prompt of a cross-encoder", name, known: "none".into() });
        }
        let config: Value = json_file::read(&directory.join("config.json"))?;
        // Where versions from 6 on, from 4 on, and earlier ones write it.
        let places = [
            &saved["activation_fn"],
            &config["sentence_transformers"]["activation_fn"],
            &config["sbert_ce_default_activation_function"],
        ];
        let Some(class) = places.into_iter().find(|class| !class.is_null()) else { return Ok(Self::Sigmoid) };
        let name = class.as_str().map_or_else(|| class.to_string(), str::to_owned);
        match name.rsplit('.').next() {
            Some("Identity") => Ok(Self::Identity),
            Some("Sigmoid") => Ok(Self::Sigmoid),
            _ => Err(Error::Unsupported {
                what: "activation of a cross-encoder",
                name,
                known: "Identity, Sigmoid".into(),
            }),
        }
    }

    fn of(self, number: f32) -> f32 {
        match self {
            Self::Identity => number,
            Self::Sigmoid => 1.0 / (1.0 + (-number).exp()),
        }
    }
}

/// How many of each one's tokens fit in: the longer one is cut first, then both have half.
fn shares(lengths: [usize; 2], room: usize) -> [usize; 2] {
    let [question, passage] = lengths;
    let shorter = question.min(passage).min(room / 2);
    let longer = question.max(passage).min(room - shorter);
    if question <= passage { [shorter, longer] } else { [longer, shorter] }
}

#[cfg(test)]
mod tests {
    use super::shares;

    #[test]
    fn the_longer_text_is_cut() {
        for (lengths, expected) in [
            ([3, 4], [3, 4]),
            ([3, 40], [3, 8]),
            ([40, 3], [8, 3]),
            ([7, 5], [6, 5]),
            ([40, 50], [5, 6]),
            ([50, 40], [6, 5]),
            ([0, 50], [0, 11]),
            ([0, 0], [0, 0]),
        ] {
            assert_eq!(shares(lengths, 11), expected, "{lengths:?}");
        }
    }
}
