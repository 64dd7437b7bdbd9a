use std::hash::{BuildHasher, Hasher, RandomState};
use std::time::Duration;

const FIRST: Duration = Duration::from_millis(200);
const LONGEST: Duration = Duration::from_secs(10);

/// How long to wait before something is tried again that failed, after `retries` others: up to 200 ms, twice as long each
/// time up to 10 s, of which the second half is left to chance: callers that failed together do not come back together.
pub(crate) fn backoff(retries: u32) -> Duration {
    between(retries, chance())
}

fn between(retries: u32, chance: f64) -> Duration {
    let longest = FIRST.saturating_mul(2_u32.saturating_pow(retries)).min(LONGEST);
    longest / 2 + (longest / 2).mul_f64(chance)
}

/// A random number from 0 to 1.
fn chance() -> f64 {
    RandomState::new().build_hasher().finish() as f64 / u64::MAX as f64
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;

    #[test]
    fn pauses_double_up_to_a_bound_and_differ() {
        let bounds = |retries| [between(retries, 0.0), between(retries, 1.0)].map(|pause| pause.as_millis());

        assert_eq!([0, 1, 2].map(bounds), [[100, 200], [200, 400], [400, 800]]);
        assert_eq!([20, u32::MAX].map(bounds), [[5_000, 10_000]; 2]);
        let pauses: HashSet<_> = (0..20).map(|_| backoff(0)).collect();
        assert!(pauses.len() > 10, "{pauses:?}");
    }
}
