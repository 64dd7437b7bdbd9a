//! Percentiles of a stream of numbers in constant memory.

use std::fmt;

/// Bits of a number's fraction that tell one bucket from the next: 64 buckets in each power of two.
const FRACTION_BITS: u32 = 6;
/// Bits of a double's fraction that do not.
const DROPPED_BITS: u32 = f64::MANTISSA_DIGITS - 1 - FRACTION_BITS;
/// Where the buckets begin: 2^-24, less than a tenth of a microsecond in seconds.
const LOWEST: f64 = 1.0 / 16_777_216.0;
/// Powers of two from there on, up to 2^24: half a year in seconds.
const OCTAVES: usize = 48;
const BUCKETS: usize = OCTAVES << FRACTION_BITS;

/// Counts of numbers from 0 on, in buckets that are as wide as a 64th of the power of two below them (a log-linear
/// histogram, as `HdrHistogram` has them). 24 KiB, however many numbers there are.
///
/// Numbers that are lower than all buckets count as the smallest of them, higher ones as the largest.
#[derive(Clone)]
pub(super) struct Histogram {
    counts: Vec<u64>,
    count: u64,
    sum: f64,
    smallest: f64,
    largest: f64,
}

impl Default for Histogram {
    fn default() -> Self {
        Self {
            counts: vec![0; BUCKETS],
            count: 0,
            sum: 0.0,
            smallest: f64::INFINITY,
            largest: f64::NEG_INFINITY,
        }
    }
}

impl Histogram {
    /// Counts one number; it is finite and not negative.
    pub(super) fn record(&mut self, value: f64) {
        self.counts[bucket(value)] += 1;
        self.count += 1;
        self.sum += value;
        self.smallest = self.smallest.min(value);
        self.largest = self.largest.max(value);
    }

    /// How many numbers were counted.
    pub(super) fn count(&self) -> u64 {
        self.count
    }

    /// What the numbers are on average; none if nothing was counted.
    pub(super) fn mean(&self) -> Option<f64> {
        (self.count > 0).then(|| self.sum / self.count as f64)
    }

    /// The number at `rank` of all in ascending order, from 1 to the count, with an error of at most 1/128; none if
    /// there is no such rank.
    pub(super) fn at_rank(&self, rank: u64) -> Option<f64> {
        let mut passed = 0;
        let bucket = self.counts.iter().position(|count| {
            passed += count;
            rank >= 1 && passed >= rank
        })?;
        Some(match bucket {
            0 => self.smallest,
            bucket if bucket == BUCKETS - 1 => self.largest,
            bucket => middle(bucket).clamp(self.smallest, self.largest),
        })
    }
}

impl fmt::Debug for Histogram {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("Histogram").field("count", &self.count).finish_non_exhaustive()
    }
}

/// The exponent and the first bits of the fraction of a double are, read as a number, in the order of the doubles.
fn bucket(value: f64) -> usize {
    let first = LOWEST.to_bits() >> DROPPED_BITS;
    let place = (value.max(LOWEST).to_bits() >> DROPPED_BITS) - first;
    (place as usize).min(BUCKETS - 1)
}

fn middle(bucket: usize) -> f64 {
    let first = LOWEST.to_bits() >> DROPPED_BITS;
    let edge = |bucket: usize| f64::from_bits((first + bucket as u64) << DROPPED_BITS);
    f64::midpoint(edge(bucket), edge(bucket + 1))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn of(values: &[f64]) -> Histogram {
        let mut histogram = Histogram::default();
        for value in values {
            histogram.record(*value);
        }
        histogram
    }

    proptest! {
        #[test]
        fn every_rank_is_within_a_hundredth_of_exact_sorting(
            exponents in prop::collection::vec(-23.0_f64..23.9, 1..300),
        ) {
            let mut values: Vec<f64> = exponents.into_iter().map(f64::exp2).collect();
            let histogram = of(&values);

            values.sort_by(f64::total_cmp);

            for (index, exact) in values.iter().enumerate() {
                let found = histogram.at_rank(index as u64 + 1).unwrap();
                prop_assert!((found - exact).abs() <= exact / 128.0, "{found} for {exact}");
            }
        }
    }

    #[test]
    fn a_rank_beyond_the_numbers_has_no_value() {
        let histogram = of(&[1.0, 2.0]);

        assert_eq!((histogram.at_rank(0), histogram.at_rank(3)), (None, None));
    }

    #[test]
    fn numbers_outside_of_the_buckets_count_as_the_smallest_and_the_largest() {
        let histogram = of(&[0.0, 1.0, 1e300]);

        assert_eq!((histogram.at_rank(1), histogram.at_rank(3)), (Some(0.0), Some(1e300)));
    }

    #[test]
    fn equal_numbers_are_given_exactly() {
        let histogram = of(&[0.3; 5]);

        assert_eq!(histogram.at_rank(3), Some(0.3));
    }
}
