//! What the models of this folder on this machine have in common.

use std::path::PathBuf;
use std::sync::Arc;

use rushlight_models::Error as ModelError;
use rushlight_models::hub::{Hub, ModelKind};
use tokio::sync::Semaphore;

use crate::retrieval::blocking::blocking;
use crate::{Error, Result};

/// Bytes of texts that are computed before another caller gets its turn: a question need not wait for a whole ingest.
const TURN: usize = 16 << 10;

/// A model computes for one caller at a time, in the order in which they asked, after some texts each. Clones are of the
/// same model.
#[derive(Debug, Clone)]
pub(super) struct Turns {
    free: Arc<Semaphore>,
    worker: &'static str,
}

impl Turns {
    /// For a model that nobody uses yet; errors call it `worker`.
    pub(super) fn new(worker: &'static str) -> Self {
        Self { free: Arc::new(Semaphore::new(1)), worker }
    }

    /// What `compute` gives for texts, one value for each, turn by turn on a thread that may block. Dropping the future
    /// stops after the texts at hand.
    pub(super) async fn compute<T: Send + 'static>(
        &self,
        texts: Vec<String>,
        compute: impl Fn(&[&str]) -> Result<Vec<T>> + Clone + Send + 'static,
    ) -> Result<Vec<T>> {
        let mut values = Vec::with_capacity(texts.len());
        let mut texts = texts.into_iter().peekable();
        while let Some(first) = texts.next() {
            let mut bytes = first.len();
            let mut batch = vec![first];
            while let Some(text) = texts.next_if(|text| bytes + text.len() <= TURN) {
                bytes += text.len();
                batch.push(text);
            }
            let turn = Arc::clone(&self.free).acquire_owned().await;
            let turn = turn.map_err(|_closed| Error::Stopped { what: self.worker })?;
            let compute = compute.clone();
            let computed = blocking(self.worker, move || {
                let texts: Vec<&str> = batch.iter().map(String::as_str).collect();
                let computed = compute(&texts);
                drop(turn); // here, so that a caller who went away keeps its turn until the work has stopped
                computed
            });
            values.extend(computed.await?);
        }
        Ok(values)
    }
}

/// The directory of an encoder, which is a `worker`, by name or path.
pub(super) fn directory(worker: &str, name_or_path: &str) -> Result<PathBuf, ModelError> {
    let model = Hub::new()?.resolve(name_or_path)?;
    if model.kind == ModelKind::Embedder {
        return Ok(model.path);
    }
    let message = format!("expected a directory with an encoder, got a language model: `{}`", model.name);
    Err(ModelError::invalid(worker, message))
}
