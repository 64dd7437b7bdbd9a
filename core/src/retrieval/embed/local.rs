use std::fmt;
use std::path::Path;
use std::sync::Arc;

use async_trait::async_trait;
use rushlight_models::hub::{Hub, ModelKind};
use rushlight_models::{Encoder, Error as ModelError};
use tokio::sync::Semaphore;

use crate::retrieval::Embedder;
use crate::retrieval::blocking::blocking;
use crate::{Error, Result};

const WORKER: &str = "embedder";

/// Texts that are computed before another caller gets its turn: a question need not wait for a whole ingest.
const TURN: usize = 16;

/// A sentence encoder on this machine, such as `all-MiniLM-L6-v2`.
///
/// Clones share the model. It computes for one caller at a time, on a thread that may block; callers take
/// turns, in the order in which they asked, after some texts each.
///
/// # Cancellation
///
/// Dropping the future stops after the texts at hand, 16 at most.
#[derive(Clone)]
pub struct LocalEmbedder {
    encoder: Arc<Encoder>,
    turns: Arc<Semaphore>,
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
        let name_or_path = name_or_path.to_owned();
        blocking(WORKER, move || {
            let encoder = encoder(&name_or_path).map_err(|error| Error::model(name_or_path, error))?;
            Ok(Self { encoder: Arc::new(encoder), turns: Arc::new(Semaphore::new(1)) })
        })
        .await
    }
}

fn encoder(name_or_path: &str) -> Result<Encoder, ModelError> {
    let model = Hub::new()?.resolve(name_or_path)?;
    if model.kind != ModelKind::Embedder {
        let message = format!("expected a directory with an encoder, got a language model: `{}`", model.name);
        return Err(ModelError::Invalid { what: "embedder".to_owned(), message });
    }
    Encoder::open(Path::new(&model.path))
}

#[async_trait]
impl Embedder for LocalEmbedder {
    async fn embed(&self, texts: Vec<String>) -> Result<Vec<Vec<f32>>> {
        let mut vectors = Vec::with_capacity(texts.len());
        let mut texts = texts.into_iter();
        loop {
            let batch: Vec<String> = texts.by_ref().take(TURN).collect();
            if batch.is_empty() {
                return Ok(vectors);
            }
            let turn = Arc::clone(&self.turns).acquire_owned().await;
            let turn = turn.map_err(|_closed| Error::Stopped { what: WORKER })?;
            let encoder = Arc::clone(&self.encoder);
            let computed = blocking(WORKER, move || {
                let texts: Vec<&str> = batch.iter().map(String::as_str).collect();
                let computed = encoder.embed(&texts).map_err(|error| Error::model(encoder.name(), error));
                drop(turn); // here, so that a caller who went away keeps its turn until the work has stopped
                computed
            });
            vectors.extend(computed.await?);
        }
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
