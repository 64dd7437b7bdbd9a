use std::time::Duration;

use crate::Error;
use crate::error::backoff;

/// How long to wait before a call that failed so is made again, after `retries` others; none if that would not help.
pub(in crate::tools) fn pause(error: &Error, retries: u32) -> Option<Duration> {
    let may_pass = match error {
        Error::Foreign { source, .. } => source.downcast_ref().is_none_or(Error::is_retryable),
        error => error.is_retryable(),
    };
    may_pass.then(|| error.retry_after().unwrap_or_else(|| backoff(retries)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::error::RetryAfter;

    fn foreign(source: impl Into<crate::error::Source>) -> Error {
        Error::Foreign { what: "tool `t`".to_owned(), source: source.into() }
    }

    #[test]
    fn what_cannot_pass_is_not_tried_again() {
        assert_eq!(pause(&Error::invalid("path", "expected a file"), 0), None);
        assert_eq!(pause(&foreign(Error::invalid("path", "expected a file")), 0), None);
        assert!(pause(&foreign("connection reset"), 0).is_some());
        assert!(pause(&foreign(Error::Overloaded { what: "the queue", limit: 1 }), 0).is_some());
    }

    #[test]
    fn an_error_may_say_when() {
        let busy = || RetryAfter::new(Duration::from_secs(7), "busy");

        assert_eq!(pause(&foreign(busy()), 3), Some(Duration::from_secs(7)));
        assert_eq!(pause(&foreign(foreign(busy())), 0), Some(Duration::from_secs(7)));
        assert_eq!(foreign(busy()).chain(), "tool `t` failed: busy");
        assert!(foreign(busy()).is_retryable() && !foreign("busy").is_retryable());
    }
}
