use serde::{Deserialize, Serialize};

/// What nearness of two vectors means; a higher score is nearer.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Metric {
    /// The cosine of the angle between them; 0 where one has no length.
    #[default]
    Cosine,
    /// Their dot product.
    Dot,
    /// Their Euclidean distance, negated.
    L2,
}

impl Metric {
    /// The form in which a vector is kept and compared: of length 1 for the cosine, as it is otherwise.
    pub(super) fn prepare(self, vector: &[f32]) -> Vec<f32> {
        if self != Self::Cosine {
            return vector.to_vec();
        }
        let length = vector.iter().map(|value| f64::from(*value).powi(2)).sum::<f64>().sqrt();
        if length == 0.0 {
            return vector.to_vec();
        }
        vector.iter().map(|value| (f64::from(*value) / length) as f32).collect()
    }

    /// The score of two prepared vectors of the same length.
    pub(super) fn score(self, left: &[f32], right: &[f32]) -> f32 {
        match self {
            Self::Cosine | Self::Dot => dot(left, right),
            Self::L2 => -squared_distance(left, right).sqrt(),
        }
    }
}

/// As many sums as the widest vector registers hold, so that the compiler keeps them in registers.
const LANES: usize = 16;

pub(super) fn dot(left: &[f32], right: &[f32]) -> f32 {
    accumulate(left, right, |sum, a, b| sum + a * b)
}

pub(super) fn squared_distance(left: &[f32], right: &[f32]) -> f32 {
    accumulate(left, right, |sum, a, b| sum + (a - b) * (a - b))
}

#[inline(always)]
#[expect(clippy::inline_always, reason = "the step must be compiled into the loop to be vectorised")]
fn accumulate(left: &[f32], right: &[f32], step: impl Fn(f32, f32, f32) -> f32) -> f32 {
    let (left_blocks, left_rest) = left.as_chunks::<LANES>();
    let (right_blocks, right_rest) = right.as_chunks::<LANES>();
    let mut sums = [0.0_f32; LANES];
    for (a, b) in left_blocks.iter().zip(right_blocks) {
        for lane in 0..LANES {
            sums[lane] = step(sums[lane], a[lane], b[lane]);
        }
    }
    let rest = left_rest.iter().zip(right_rest).fold(0.0, |sum, (a, b)| step(sum, *a, *b));
    sums.iter().sum::<f32>() + rest
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn scores_equal_the_naive_formulas(
            (left, right) in (1_usize..80).prop_flat_map(|length| {
                let vector = proptest::collection::vec(-10.0_f32..10.0, length);
                (vector.clone(), vector)
            })
        ) {
            let pairs = || left.iter().zip(&right).map(|(a, b)| (f64::from(*a), f64::from(*b)));
            let length = |vector: &[f32]| vector.iter().map(|a| f64::from(*a).powi(2)).sum::<f64>().sqrt();
            let dot: f64 = pairs().map(|(a, b)| a * b).sum();
            let distance = pairs().map(|(a, b)| (a - b).powi(2)).sum::<f64>().sqrt();
            let scale = length(&left) * length(&right);

            let score = |metric: Metric| {
                f64::from(metric.score(&metric.prepare(&left), &metric.prepare(&right)))
            };

            prop_assert!((score(Metric::Dot) - dot).abs() < 1e-4 * (1.0 + scale));
            prop_assert!((score(Metric::L2) + distance).abs() < 1e-4 * (1.0 + distance));
            prop_assume!(scale > 1e-3);
            prop_assert!((score(Metric::Cosine) - dot / scale).abs() < 1e-5);
        }
    }

    #[test]
    #[expect(clippy::float_cmp, reason = "a sum of zeros is exact")]
    fn a_vector_without_length_has_cosine_zero() {
        let zero = Metric::Cosine.prepare(&[0.0, 0.0]);

        assert_eq!(Metric::Cosine.score(&zero, &Metric::Cosine.prepare(&[3.0, 4.0])), 0.0);
    }

    #[test]
    fn huge_values_do_not_overflow_the_cosine() {
        let huge = Metric::Cosine.prepare(&[f32::MAX, f32::MAX]);

        assert!((Metric::Cosine.score(&huge, &huge) - 1.0).abs() < 1e-6);
    }
}
