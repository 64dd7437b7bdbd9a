use rushlight_kernels::Nearness;
use serde::{Deserialize, Serialize};

use crate::{Error, Result};

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
    /// Refuses a vector of another length or with a value that is not finite.
    pub(super) fn check(dimensions: usize, vector: &[f32]) -> Result<()> {
        if vector.len() != dimensions {
            let message = format!("expected {dimensions} dimensions, got {}", vector.len());
            return Err(Error::invalid("vector", message));
        }
        match vector.iter().position(|value| !value.is_finite()) {
            Some(at) => {
                Err(Error::invalid("vector", format!("expected finite values, got {} at {at}", vector[at])))
            }
            None => Ok(()),
        }
    }

    /// The form in which a vector is kept and compared: of length 1 for the cosine, as it is otherwise.
    pub(super) fn prepare(self, vector: &[f32]) -> Vec<f32> {
        if self != Self::Cosine {
            return vector.to_vec();
        }
        let length = length(vector);
        if length == 0.0 {
            return vector.to_vec();
        }
        vector.iter().map(|value| (f64::from(*value) / length) as f32).collect()
    }

    /// Makes scores of what kernels compute: dot products or squared distances.
    pub(super) fn finish(self, computed: &mut [f32]) {
        if self == Self::L2 {
            for distance in computed {
                *distance = -distance.sqrt();
            }
        }
    }

    /// What is compared in place of scores while rows are coded.
    pub(super) fn nearness(self) -> Nearness {
        match self {
            Self::Cosine | Self::Dot => Nearness::Dot,
            Self::L2 => Nearness::Distance,
        }
    }

    /// The nearness, as kernels measure it, of a row with this score; `length` is that of the query.
    pub(super) fn nearness_of(self, score: f32, length: f64) -> f32 {
        match self {
            Self::Cosine | Self::Dot => score,
            Self::L2 => ((length * length - f64::from(score) * f64::from(score)) / 2.0) as f32,
        }
    }
}

/// The Euclidean length.
pub(super) fn length(vector: &[f32]) -> f64 {
    vector.iter().map(|value| f64::from(*value) * f64::from(*value)).sum::<f64>().sqrt()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::retrieval::store::rows::Rows;

    fn score(metric: Metric, left: &[f32], right: &[f32]) -> f32 {
        let mut rows = Rows::new(left.len(), metric);
        rows.put(1, &metric.prepare(right));
        let target = rows.target(left).expect("the values are finite");
        let mut score = [0.0];
        rows.score(&target, &[0], &mut score);
        score[0]
    }

    proptest! {
        #[test]
        fn scores_equal_the_naive_formulas(
            (left, right) in (1_usize..80).prop_flat_map(|length| {
                let vector = proptest::collection::vec(-10.0_f32..10.0, length);
                (vector.clone(), vector)
            })
        ) {
            let pairs = || left.iter().zip(&right).map(|(a, b)| (f64::from(*a), f64::from(*b)));
            let dot: f64 = pairs().map(|(a, b)| a * b).sum();
            let distance = pairs().map(|(a, b)| (a - b).powi(2)).sum::<f64>().sqrt();
            let scale = length(&left) * length(&right);
            let score = |metric| f64::from(score(metric, &left, &right));

            prop_assert!((score(Metric::Dot) - dot).abs() < 1e-4 * (1.0 + scale));
            prop_assert!((score(Metric::L2) + distance).abs() < 1e-4 * (1.0 + distance));
            prop_assume!(scale > 1e-3);
            prop_assert!((score(Metric::Cosine) - dot / scale).abs() < 1e-5);
        }
    }

    #[test]
    #[expect(clippy::float_cmp, reason = "a sum of zeros is exact")]
    fn a_vector_without_length_has_cosine_zero() {
        assert_eq!(score(Metric::Cosine, &[0.0, 0.0], &[3.0, 4.0]), 0.0);
    }

    #[test]
    fn huge_values_do_not_overflow_the_cosine() {
        let huge = [f32::MAX, f32::MAX];

        assert!((score(Metric::Cosine, &huge, &huge) - 1.0).abs() < 1e-6);
    }
}
