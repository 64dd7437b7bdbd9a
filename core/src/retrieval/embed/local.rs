use std::fmt;
use std::sync::Arc;

use async_trait::async_trait;
use rushlight_models::{Encoder, EncoderOptions, Error as ModelError};

use crate::retrieval::Embedder;
use crate::retrieval::blocking::blocking;
use crate::retrieval::local::{Turns, directory};
use crate::{Error, Result};

const WORKER: &str = "embedder";

/// A sentence encoder on this machine, such as `all-MiniLM-L6-v2`: BERT (`MiniLM`, BGE, E5) or `MPNet`, with its mean or its
/// first token as the vector.
///
/// Models that tell questions from passages by a prompt say so in their folder, or need it in the options: E5 has
/// `"query: "` and `"passage: "`, BGE in English `"Represent this sentence for searching relevant passages: "` for questions
/// alone.
///
/// Products are computed with 13 bits: the cosine of a vector with that of exact arithmetic is above 0.99999.
///
/// Clones share the model. It computes for one caller at a time, on a thread that may block; callers take
/// turns, in the order in which they asked, after some texts each.
///
/// # Cancellation
///
/// Dropping the future stops after the texts at hand: one, or 16 KiB.
#[derive(Clone)]
pub struct LocalEmbedder {
    encoder: Arc<Encoder>,
    turns: Turns,
}

impl LocalEmbedder {
    /// Opens an encoder by its name in the manifest of [`hub`](crate::hub) or by the path of its directory.
    /// Fetches nothing.
    ///
    /// # Errors
    ///
    /// [`Error::Unknown`] for a name that is not in the manifest; [`Error::Invalid`] for a model that is no
    /// encoder; [`Error::Model`] when it is not on this machine yet, or its files are damaged.
    pub async fn open(name_or_path: &str) -> Result<Self> {
        Self::open_with(name_or_path, EncoderOptions::default()).await
    }

    /// Opens an encoder with other prompts than its folder's. Errors as for [`open`](Self::open).
    pub async fn open_with(name_or_path: &str, options: EncoderOptions) -> Result<Self> {
        let name_or_path = name_or_path.to_owned();
        blocking(WORKER, move || {
            let encoder = directory(WORKER, &name_or_path)
                .and_then(|directory| Encoder::open_with(&directory, options))
                .map_err(|error| Error::model(name_or_path, error))?;
            Ok(Self { encoder: Arc::new(encoder), turns: Turns::new(WORKER) })
        })
        .await
    }

    /// The vectors that `compute` gives for texts, turn by turn.
    async fn vectors(&self, texts: Vec<String>, compute: Compute) -> Result<Vec<Vec<f32>>> {
        let encoder = Arc::clone(&self.encoder);
        let compute = move |texts: &[&str]| {
            compute(&encoder, texts).map_err(|error| Error::model(encoder.name(), error))
        };
        self.turns.compute(texts, compute).await
    }
}

/// A method of the encoder.
type Compute = fn(&Encoder, &[&str]) -> Result<Vec<Vec<f32>>, ModelError>;

#[async_trait]
impl Embedder for LocalEmbedder {
    async fn embed(&self, texts: Vec<String>) -> Result<Vec<Vec<f32>>> {
        self.vectors(texts, Encoder::embed).await
    }

    async fn embed_queries(&self, texts: Vec<String>) -> Result<Vec<Vec<f32>>> {
        self.vectors(texts, Encoder::embed_queries).await
    }

    fn dimensions(&self) -> usize {
        self.encoder.dimensions()
    }

    fn max_tokens(&self) -> usize {
        self.encoder.max_tokens()
    }

    fn count_tokens(&self, text: &str) -> Result<usize> {
        self.encoder.tokenizer().count(text).map_err(|error| Error::model(self.encoder.name(), error))
    }

    fn name(&self) -> &str {
        self.encoder.name()
    }
}

impl fmt::Debug for LocalEmbedder {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("LocalEmbedder")
            .field("name", &self.encoder.name())
            .field("dimensions", &self.encoder.dimensions())
            .finish_non_exhaustive()
    }
}
