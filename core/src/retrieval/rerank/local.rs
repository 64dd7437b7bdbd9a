use std::fmt;
use std::sync::Arc;

use async_trait::async_trait;
use rushlight_models::CrossEncoder;

use crate::retrieval::blocking::blocking;
use crate::retrieval::lexical::searchable;
use crate::retrieval::local::{Turns, directory};
use crate::retrieval::{Passage, Query, Reranker};
use crate::{Error, Result};

const WORKER: &str = "reranker";

/// A cross-encoder on this machine: it reads the question together with each passage, its title and headings, which is
/// slower than comparing vectors and more precise.
///
/// BERT with a head of one label, such as `cross-encoder/ms-marco-MiniLM-L-6-v2` of the Hugging Face Hub. Scores are what
/// sentence-transformers gives: between 0 and 1, unless the model's files name the identity.
///
/// ```no_run
/// use rushlight::{HashedEmbedder, KnowledgeBase, LocalReranker, RetrieverOptions};
///
/// # #[tokio::main] async fn main() -> rushlight::Result<()> {
/// let base = KnowledgeBase::in_memory(HashedEmbedder::new(64)).await?;
/// let reranker = LocalReranker::open("models/ms-marco-MiniLM-L-6-v2").await?;
/// let retriever = base.retriever(RetrieverOptions::default().candidates(30))?.reranker(reranker);
/// # Ok(()) }
/// ```
///
/// Question and passage have as many tokens together as the model reads, mostly 512; the longer one counts by its
/// beginning.
///
/// Clones share the model. It computes for one caller at a time, on a thread that may block; callers take turns, in the
/// order in which they asked, after some passages each.
///
/// # Cancellation
///
/// Dropping the future stops after the passages at hand: one, or 16 KiB.
#[derive(Clone)]
pub struct LocalReranker {
    encoder: Arc<CrossEncoder>,
    turns: Turns,
}

impl LocalReranker {
    /// Opens a cross-encoder by the path of its directory, which has `config.json`, `model.safetensors` and
    /// `tokenizer.json`, or by its name in the manifest of [`hub`](crate::hub), which has none so far. Fetches nothing.
    ///
    /// # Errors
    ///
    /// [`Error::Unknown`] for a name that is not in the manifest; [`Error::Invalid`] for a language model;
    /// [`Error::Model`] for a model without a head or with one of several labels, of another architecture, or whose
    /// files are damaged.
    pub async fn open(name_or_path: &str) -> Result<Self> {
        let name_or_path = name_or_path.to_owned();
        blocking(WORKER, move || {
            let encoder = directory(WORKER, &name_or_path)
                .and_then(|directory| CrossEncoder::open(&directory))
                .map_err(|error| Error::model(name_or_path, error))?;
            Ok(Self { encoder: Arc::new(encoder), turns: Turns::new(WORKER) })
        })
        .await
    }
}

#[async_trait]
impl Reranker for LocalReranker {
    async fn score(&self, query: &Query, passages: &[Passage]) -> Result<Vec<f32>> {
        let texts =
            passages.iter().map(|passage| searchable(&passage.title, &passage.headings, &passage.text));
        let (encoder, question) = (Arc::clone(&self.encoder), query.text.clone());
        let compute = move |texts: &[&str]| {
            encoder.score(&question, texts).map_err(|error| Error::model(encoder.name(), error))
        };
        self.turns.compute(texts.collect(), compute).await
    }

    /// The directory's name.
    fn name(&self) -> &str {
        self.encoder.name()
    }
}

impl fmt::Debug for LocalReranker {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("LocalReranker").field("name", &self.encoder.name()).finish_non_exhaustive()
    }
}
