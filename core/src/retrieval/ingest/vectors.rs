use crate::retrieval::Embedder;
use crate::{Error, Result};

/// The vectors of passages, after making sure that they are what the embedder promises.
pub(super) async fn embed(embedder: &dyn Embedder, texts: Vec<String>) -> Result<Vec<Vec<f32>>> {
    let count = texts.len();
    checked(embedder, embedder.embed(texts).await?, count)
}

/// The vector of a question; else as [`embed`].
pub(in crate::retrieval) async fn embed_query(embedder: &dyn Embedder, text: String) -> Result<Vec<f32>> {
    let mut vectors = checked(embedder, embedder.embed_queries(vec![text]).await?, 1)?;
    Ok(vectors.swap_remove(0))
}

/// The vectors of `count` texts if they are what the embedder promises.
fn checked(embedder: &dyn Embedder, vectors: Vec<Vec<f32>>, count: usize) -> Result<Vec<Vec<f32>>> {
    let wrong = |message: String| Error::Foreign {
        what: format!("embedder `{}`", embedder.name()),
        source: message.into(),
    };
    if vectors.len() != count {
        return Err(wrong(format!("expected {count} vectors, got {}", vectors.len())));
    }
    for vector in &vectors {
        if vector.len() != embedder.dimensions() {
            return Err(wrong(format!(
                "expected {} dimensions, got {}",
                embedder.dimensions(),
                vector.len()
            )));
        }
        if let Some(value) = vector.iter().find(|value| !value.is_finite()) {
            return Err(wrong(format!("expected finite values, got {value}")));
        }
    }
    Ok(vectors)
}
