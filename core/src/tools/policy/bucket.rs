use std::collections::HashMap;
use std::time::Duration;

use tokio::time::Instant;

use super::{Rate, RateKey};

/// How many buckets are kept before full ones, which say nothing, are looked for.
const SWEEP: usize = 1_024;

/// The calls that may still go, for each key of a rate.
///
/// A bucket is one instant: when it will be full again (the theoretical arrival time of the generic cell rate
/// algorithm, ITU-T I.371).
#[derive(Debug)]
pub(in crate::tools) struct Buckets {
    rate: Rate,
    key: RateKey,
    full_at: HashMap<Option<String>, Instant>,
    sweep_at: usize,
}

impl Buckets {
    pub(in crate::tools) fn new(rate: Rate, key: RateKey) -> Self {
        Self { rate, key, full_at: HashMap::new(), sweep_at: SWEEP }
    }

    /// Takes a call out, and says when it may go; or, if that is after `latest`, takes nothing and says how long
    /// that would be.
    pub(in crate::tools) fn take(
        &mut self,
        session: Option<&str>,
        now: Instant,
        latest: Instant,
    ) -> Result<Instant, Duration> {
        let key = match self.key {
            RateKey::Tool => None,
            RateKey::Session => session.map(str::to_owned),
        };
        let missing =
            self.full_at.get(&key).map_or(Duration::ZERO, |full| full.saturating_duration_since(now));
        let interval = self.rate.interval();
        let wait = missing.saturating_sub(interval * (self.rate.calls() - 1));
        if now + wait > latest {
            return Err(wait);
        }
        self.sweep(now);
        self.full_at.insert(key, now + missing + interval);
        Ok(now + wait)
    }

    /// Lets go of full buckets, in amortised constant time.
    fn sweep(&mut self, now: Instant) {
        if self.full_at.len() >= self.sweep_at {
            self.full_at.retain(|_, full_at| *full_at > now);
            self.sweep_at = SWEEP.max(2 * self.full_at.len());
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn buckets(rate: &str, key: RateKey) -> Buckets {
        Buckets::new(rate.parse().unwrap(), key)
    }

    #[test]
    fn a_full_bucket_goes_at_once_and_comes_back_evenly() {
        let mut buckets = buckets("100/min", RateKey::Tool);
        let begin = Instant::now();
        let millis = Duration::from_millis;

        assert!((0..100).all(|_| buckets.take(None, begin, begin) == Ok(begin)));

        assert_eq!(buckets.take(None, begin, begin), Err(millis(600)));
        assert_eq!(buckets.take(None, begin + millis(599), begin + millis(599)), Err(millis(1)));
        assert_eq!(buckets.take(None, begin + millis(600), begin + millis(600)), Ok(begin + millis(600)));
        assert_eq!(buckets.take(None, begin + millis(600), begin + millis(600)), Err(millis(600)));
    }

    #[test]
    fn who_may_wait_is_served_in_turn() {
        let mut buckets = buckets("1/s", RateKey::Tool);
        let begin = Instant::now();
        let seconds = |count| begin + Duration::from_secs(count);

        let turns: Vec<_> = (0..4).map(|_| buckets.take(None, begin, seconds(2))).collect();

        assert_eq!(turns, [Ok(seconds(0)), Ok(seconds(1)), Ok(seconds(2)), Err(Duration::from_secs(3))]);
    }

    #[test]
    fn sessions_have_buckets_of_their_own_that_are_let_go_when_full() {
        let mut buckets = buckets("1/s", RateKey::Session);
        let begin = Instant::now();

        for number in 0..100_000_u64 {
            let now = begin + Duration::from_millis(number);
            let session = number.to_string();
            assert_eq!(buckets.take(Some(&session), now, now), Ok(now));
            assert!(buckets.take(Some(&session), now, now).is_err());
        }

        assert!(buckets.full_at.len() <= 2 * SWEEP, "{}", buckets.full_at.len());
    }

    proptest! {
        /// Against a bucket that is counted step by step, a millisecond a step.
        #[test]
        fn as_many_calls_go_as_a_counted_bucket_admits(
            calls in 1_u32..6,
            pauses in proptest::collection::vec(0_u64..40, 1..200),
        ) {
            let interval = 10;
            let rate = Rate::new(calls, Duration::from_millis(interval * u64::from(calls))).unwrap();
            let mut buckets = Buckets::new(rate, RateKey::Tool);
            let begin = Instant::now();
            let (mut time, mut millicalls) = (0, u64::from(calls) * 1_000);
            for pause in pauses {
                time += pause;
                millicalls = (millicalls + pause * 1_000 / interval).min(u64::from(calls) * 1_000);
                let now = begin + Duration::from_millis(time);
                let admitted = buckets.take(None, now, now).is_ok();
                prop_assert_eq!(admitted, millicalls >= 1_000);
                if admitted {
                    millicalls -= 1_000;
                }
            }
        }
    }
}
