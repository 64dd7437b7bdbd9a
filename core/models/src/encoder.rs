use std::ops::Range;
use std::path::Path;

use rushlight_kernels::lead;
use serde_json::Value;

use crate::arch::bert::{self, Bert};
use crate::{Error, Result, Special, Tokenizer, json_file};

/// Tokens that are computed at once: enough to keep the arithmetic busy, few enough to stay in the cache.
const MAX_ROWS: usize = 512;
/// The tokens that frame every text.
const FRAME: usize = 2;

/// A sentence encoder: BERT, the mean over all tokens, vectors of length 1.
///
/// It holds no state and may be shared by reference between threads. Computation runs on rayon's current
/// thread pool.
#[derive(Debug)]
pub struct Encoder {
    name: String,
    tokenizer: Tokenizer,
    bert: Bert,
    /// Begin and end token.
    frame: [u32; FRAME],
    max_tokens: usize,
}

impl Encoder {
    /// Opens a directory of the sentence-transformers layout: `config.json`, `model.safetensors` and
    /// `tokenizer.json`; `sentence_bert_config.json` and `1_Pooling/config.json` are heeded if they are there.
    /// The files are read, not kept open.
    pub fn open(directory: &Path) -> Result<Self> {
        check_pooling(&directory.join("1_Pooling").join("config.json"))?;
        let tokenizer_path = directory.join("tokenizer.json");
        let tokenizer = Tokenizer::from_file(&tokenizer_path)?;
        let bert = bert::read(directory)?;
        let (Some(begin), Some(end)) = (tokenizer.begin(), tokenizer.end()) else {
            return Err(Error::format(
                tokenizer_path,
                "expected a post-processor that frames texts by two tokens",
            ));
        };
        if tokenizer.vocabulary() > bert.vocabulary {
            let (tokens, rows) = (tokenizer.vocabulary(), bert.vocabulary);
            let message = format!("expected at most the model's {rows} tokens, got {tokens}");
            return Err(Error::format(tokenizer_path, message));
        }
        let longest = max_length(&directory.join("sentence_bert_config.json"))?.unwrap_or(bert.positions);
        let longest = longest.min(bert.positions);
        if longest <= FRAME {
            let message = format!("expected room for more than {FRAME} tokens, got {longest}");
            return Err(Error::format(directory, message));
        }
        let name = directory.file_name().unwrap_or_default().to_string_lossy().into_owned();
        Ok(Self { name, tokenizer, bert, frame: [begin, end], max_tokens: longest - FRAME })
    }

    /// One vector of [`dimensions`](Self::dimensions) numbers and length 1 for each text, in their order. An
    /// empty text has a vector too; a text of more than [`max_tokens`](Self::max_tokens) counts by its
    /// beginning. A text's vector does not depend on the others.
    pub fn embed(&self, texts: &[&str]) -> Result<Vec<Vec<f32>>> {
        let mut sequences = Vec::with_capacity(texts.len());
        for text in texts {
            sequences.push(self.tokens(text)?);
        }
        let mut vectors = Vec::with_capacity(texts.len());
        for batch in batches(&sequences) {
            let hidden = lead(|| self.bert.encoder.forward(&sequences[batch.clone()]))?;
            let mut rows = &hidden[..];
            for sequence in &sequences[batch] {
                let (own, rest) = rows.split_at(sequence.len() * self.dimensions());
                vectors.push(self.pool(own)?);
                rows = rest;
            }
        }
        Ok(vectors)
    }

    /// The length of the vectors.
    pub fn dimensions(&self) -> usize {
        self.bert.encoder.hidden
    }

    /// The most tokens of a text that count, without the two that frame it; the rest is cut off.
    pub fn max_tokens(&self) -> usize {
        self.max_tokens
    }

    /// The tokenizer, for counting.
    pub fn tokenizer(&self) -> &Tokenizer {
        &self.tokenizer
    }

    /// The directory's name.
    pub fn name(&self) -> &str {
        &self.name
    }

    fn tokens(&self, text: &str) -> Result<Vec<u32>> {
        let [begin, end] = self.frame;
        let mut tokens = self.tokenizer.encode(text, Special::Text)?;
        tokens.truncate(self.max_tokens);
        tokens.insert(0, begin);
        tokens.push(end);
        Ok(tokens)
    }

    /// The mean of the rows, scaled to length 1.
    fn pool(&self, rows: &[f32]) -> Result<Vec<f32>> {
        let mut sum = vec![0.0; self.dimensions()];
        for row in rows.chunks_exact(sum.len()) {
            for (sum, value) in sum.iter_mut().zip(row) {
                *sum += value;
            }
        }
        let length = sum.iter().map(|value| f64::from(*value).powi(2)).sum::<f64>().sqrt() as f32;
        if !(length.is_finite() && length > 0.0) {
            let model = self.name.clone();
            return Err(Error::NonFinite { model, layer: "pooling".into(), value: length });
        }
        for value in &mut sum {
            *value /= length;
        }
        Ok(sum)
    }
}

/// Runs of sequences that are computed together.
fn batches(sequences: &[Vec<u32>]) -> Vec<Range<usize>> {
    let mut batches: Vec<Range<usize>> = Vec::new();
    let mut rows = MAX_ROWS;
    for (index, sequence) in sequences.iter().enumerate() {
        rows += sequence.len();
        match batches.last_mut() {
            Some(batch) if rows <= MAX_ROWS => batch.end = index + 1,
            _ => {
                batches.push(index..index + 1);
                rows = sequence.len();
            }
        }
    }
    batches
}

fn max_length(path: &Path) -> Result<Option<usize>> {
    let Some(config) = json_file::read_if_there::<Value>(path)? else { return Ok(None) };
    match &config["max_seq_length"] {
        Value::Null => Ok(None),
        length => match length.as_u64() {
            Some(length) => Ok(Some(length as usize)),
            None => {
                Err(Error::format(path, format!("expected `max_seq_length` to be a number, got {length}")))
            }
        },
    }
}

fn check_pooling(path: &Path) -> Result<()> {
    let Some(config) = json_file::read_if_there::<Value>(path)? else { return Ok(()) };
    let Some(fields) = config.as_object() else {
        return Err(Error::format(path, "expected a JSON object"));
    };
    let modes: Vec<&str> = fields
        .iter()
        .filter(|(name, on)| name.starts_with("pooling_mode_") && **on == Value::Bool(true))
        .map(|(name, _)| name.as_str())
        .collect();
    if modes == ["pooling_mode_mean_tokens"] {
        return Ok(());
    }
    Err(Error::Unsupported {
        what: "pooling",
        name: modes.join(", "),
        known: "pooling_mode_mean_tokens".into(),
    })
}
