use crate::{Error, Result};

/// Runs `work` on a thread that may block, so that file access and long computations never hold up the
/// async workers. Once started, the work runs to its end, also when the caller goes away.
pub(super) async fn blocking<T, F>(what: &'static str, work: F) -> Result<T>
where
    T: Send + 'static,
    F: FnOnce() -> Result<T> + Send + 'static,
{
    match tokio::task::spawn_blocking(work).await {
        Ok(result) => result,
        Err(_panicked_or_shut_down) => Err(Error::Stopped { what }),
    }
}
