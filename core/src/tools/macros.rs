//! What the code that `#[tool]` writes names, so that whoever uses it need not depend on it.

pub use {schemars, serde};

use crate::error::Source;

/// An ordinary function as the work of a tool, on a thread for such work.
pub async fn blocking<V, E>(function: impl FnOnce() -> Result<V, E> + Send + 'static) -> Result<V, Source>
where
    V: Send + 'static,
    E: Into<Source> + Send + 'static,
{
    super::blocking(function).await?.map_err(Into::into)
}
