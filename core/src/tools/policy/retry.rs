use std::hash::{BuildHasher, Hasher, RandomState};
use std::time::Duration;

use crate::Error;

const FIRST: Duration = Duration::from_millis(200);
const LONGEST: Duration = Duration::from_secs(10);

/// How long to wait before a call that failed so is made again, after `retries` others; none if that would not help.
pub(in crate::tools) fn pause(error: &Error, retries: u32) -> Option<Duration> {
    let may_pass = match error {
        Error::Foreign { source, .. } => source.downcast_ref().is_none_or(Error::is_retryable),
        error => error.is_retryable(),
    };
    may_pass.then(|| error.retry_after().unwrap_or_else(|| backoff(retries, chance())))
}

/// Twice as long each time, of which the second half is left to `chance`: callers that failed together do not come
/// back together.
fn backoff(retries: u32, chance: f64) -> Duration {
    let longest = FIRST.saturating_mul(2_u32.saturating_pow(retries)).min(LONGEST);
    longest / 2 + (longest / 2).mul_f64(chance)
}

/// A random number from 0 to 1.
fn chance() -> f64 {
    RandomState::new().build_hasher().finish() as f64 / u64::MAX as f64
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::error::RetryAfter;

    fn foreign(source: impl Into<crate::error::Source>) -> Error {
        Error::Foreign { what: "tool `t`".to_owned(), source: source.into() }
    }

    #[test]
    fn pauses_double_up_to_a_bound_and_differ() {
        let bounds = |retries| [backoff(retries, 0.0), backoff(retries, 1.0)].map(|pause| pause.as_millis());

        assert_eq!([0, 1, 2].map(bounds), [[100, 200], [200, 400], [400, 800]]);
        assert_eq!([20, u32::MAX].map(bounds), [[5_000, 10_000]; 2]);
        let pauses: std::collections::HashSet<_> = (0..20).map(|_| pause(&foreign("busy"), 0)).collect();
        assert!(pauses.len() > 10, "{pauses:?}");
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
