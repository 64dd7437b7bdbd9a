use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

/// The golden ratio's fraction: its multiples spread over 0 to 1 more evenly than random numbers.
const GOLDEN: f64 = 0.618_033_988_749_894_9;

/// How long a simulated tool takes: times that have these percentiles, the same in every run.
#[derive(Debug)]
pub(super) struct Latency {
    /// Shares of all calls, and the seconds that they take at most.
    quantiles: [(f64, f64); 5],
    drawn: AtomicU32,
}

impl Latency {
    /// Times with these percentiles in seconds, straight between them, from half the median on.
    pub(super) fn new(p50: f64, p95: f64, p99: f64) -> Self {
        let quantiles = [(0.0, p50 / 2.0), (0.5, p50), (0.95, p95), (0.99, p99), (1.0, p99 * 1.1)];
        Self { quantiles, drawn: AtomicU32::new(1) }
    }

    /// The time of the next call.
    pub(super) fn next(&self) -> Duration {
        let share = (f64::from(self.drawn.fetch_add(1, Ordering::Relaxed)) * GOLDEN).fract();
        Duration::from_secs_f64(self.at(share))
    }

    fn at(&self, share: f64) -> f64 {
        let mut segments = self.quantiles.windows(2).map(|pair| (pair[0], pair[1]));
        let ((start, low), (end, high)) =
            segments.find(|(_, (end, _))| share <= *end).expect("the last segment ends at 1");
        low + (high - low) * (share - start) / (end - start)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_times_have_their_percentiles() {
        let latency = Latency::new(1.8, 2.3, 3.5);

        let mut drawn: Vec<f64> = (0..1_000).map(|_| latency.next().as_secs_f64()).collect();

        drawn.sort_by(f64::total_cmp);
        for (rank, expected) in [(500, 1.8), (950, 2.3), (990, 3.5)] {
            assert!((drawn[rank - 1] / expected - 1.0).abs() < 0.02, "{} at {rank}", drawn[rank - 1]);
        }
    }
}
