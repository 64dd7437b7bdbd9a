use std::path::Path;

use crate::arch::encoder;
use crate::nn::Sequence;
use crate::{Error, Result, Tokenizer};

mod body;
mod cross_encoder;
mod modules;
mod pooling;
mod prompts;

pub use cross_encoder::CrossEncoder;
pub use prompts::EncoderOptions;

use body::{Body, FRAME};
use pooling::Pooling;
use prompts::Prompts;

/// A sentence encoder: BERT (`MiniLM`, BGE, E5) or `MPNet`, one vector of length 1 for a text.
///
/// Matrices and activations have 13 bits, with a scale for each 128 of them; everything else is in single precision. A
/// vector's cosine with that of exact arithmetic is above 0.99999.
///
/// It holds no state and may be shared by reference between threads. Computation runs on rayon's current
/// thread pool.
#[derive(Debug)]
pub struct Encoder {
    name: String,
    body: Body,
    pooling: Pooling,
    prompts: Prompts,
    /// Tokens of a passage without its prompt.
    max_tokens: usize,
}

impl Encoder {
    /// Opens a directory with the default options, see [`open_with`](Self::open_with).
    pub fn open(directory: &Path) -> Result<Self> {
        Self::open_with(directory, EncoderOptions::default())
    }

    /// Opens a directory of the sentence-transformers layout: `config.json`, `model.safetensors` and
    /// `tokenizer.json`; `modules.json`, `sentence_bert_config.json`, `config_sentence_transformers.json` and
    /// `1_Pooling/config.json` are heeded if they are there. The files are read, not kept open.
    ///
    /// Pooling is the mean over all tokens or the first token's vector. Models with further layers after it are refused.
    pub fn open_with(directory: &Path, options: EncoderOptions) -> Result<Self> {
        modules::check(&directory.join("modules.json"))?;
        let pooling = Pooling::read(&directory.join("1_Pooling").join("config.json"))?;
        let prompts = Prompts::read(&directory.join("config_sentence_transformers.json"), options)?;
        let body = Body::open(directory, encoder::read(directory)?)?;
        let count = |prompt: &str| body.tokenizer.count(prompt);
        let passage = count(&prompts.passage)?;
        let prompt = passage.max(count(&prompts.query)?);
        if body.room <= prompt {
            let (found, expected) = (body.room + FRAME, FRAME + prompt);
            let message = format!("expected room for more than {expected} tokens, got {found}");
            return Err(Error::format(directory, message));
        }
        let name = directory.file_name().unwrap_or_default().to_string_lossy();
        Ok(Self { name: prompts.name(&name), max_tokens: body.room - passage, body, pooling, prompts })
    }

    /// One vector of [`dimensions`](Self::dimensions) numbers and length 1 for each passage, in their order. An
    /// empty text has a vector too; a text of more than [`max_tokens`](Self::max_tokens) counts by its
    /// beginning. A text's vector does not depend on the others, to the bit.
    pub fn embed(&self, texts: &[&str]) -> Result<Vec<Vec<f32>>> {
        self.vectors(&self.prompts.passage, texts)
    }

    /// The same for questions, which some models tell from passages by a prompt.
    pub fn embed_queries(&self, texts: &[&str]) -> Result<Vec<Vec<f32>>> {
        self.vectors(&self.prompts.query, texts)
    }

    fn vectors(&self, prompt: &str, texts: &[&str]) -> Result<Vec<Vec<f32>>> {
        let read = |text: &&str| self.sequence(prompt, text);
        self.body.compute(texts, read, |rows| self.pooling.vector(rows, self.dimensions(), &self.name))
    }

    fn sequence(&self, prompt: &str, text: &str) -> Result<Sequence> {
        let mut tokens = if prompt.is_empty() {
            self.body.tokens(text)?
        } else {
            self.body.tokens(&format!("{prompt}{text}"))?
        };
        tokens.truncate(self.body.room);
        let [begin, end] = self.body.frame;
        tokens.insert(0, begin);
        tokens.push(end);
        Ok(Sequence { second: tokens.len(), tokens })
    }

    /// The length of the vectors.
    pub fn dimensions(&self) -> usize {
        self.body.model.network.hidden
    }

    /// The most tokens of a passage that count, without the two that frame it and without its prompt; the rest is cut off.
    pub fn max_tokens(&self) -> usize {
        self.max_tokens
    }

    /// The tokenizer, for counting.
    pub fn tokenizer(&self) -> &Tokenizer {
        &self.body.tokenizer
    }

    /// The directory's name, with the prompt of passages if the options have one: vectors of different names cannot be
    /// compared.
    pub fn name(&self) -> &str {
        &self.name
    }
}
