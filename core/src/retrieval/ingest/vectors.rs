use crate::retrieval::Embedder;
use crate::{Error, Result};

/// The vectors of `texts`, after making sure that they are what the embedder promises.
pub(in crate::retrieval) async fn embed(
    embedder: &dyn Embedder,
    texts: Vec<String>,
) -> Result<Vec<Vec<f32>>> {
    let count = texts.len();
    let vectors = embedder.embed(texts).await?;
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
