use std::fmt;
use std::time::Duration;

use super::Source;

/// An error that says when the same call may succeed, as a server does with `Retry-After`.
///
/// A tool fails with it to say when it may be tried again; [`Error::retry_after`](super::Error::retry_after) finds it.
#[derive(Debug)]
pub struct RetryAfter {
    after: Duration,
    error: Source,
}

impl RetryAfter {
    /// `error`, which may have passed after this time.
    pub fn new(after: Duration, error: impl Into<Source>) -> Self {
        Self { after, error: error.into() }
    }
}

impl fmt::Display for RetryAfter {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.error.fmt(formatter)
    }
}

impl std::error::Error for RetryAfter {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        self.error.source()
    }
}

/// The time that an error of the chain from `error` on names.
pub(super) fn find(error: &(dyn std::error::Error + 'static)) -> Option<Duration> {
    match error.downcast_ref::<RetryAfter>() {
        Some(found) => Some(found.after),
        None => error.source().and_then(find),
    }
}
