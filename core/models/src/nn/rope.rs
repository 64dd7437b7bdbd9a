use super::rows::for_each_row;

/// Which elements of a head are rotated together.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Pairing {
    /// Neighbours `(2i, 2i + 1)`: how GGUF files of the llama family order their weights.
    Neighbours,
    /// `(i, i + n/2)`: everybody else.
    Halves,
}

/// Rotary position embedding (arXiv 2104.09864) over the first elements of every head.
#[derive(Debug, Clone)]
pub(crate) struct Rope {
    /// Radians per position, for each pair.
    frequencies: Vec<f64>,
    /// What rotated elements are multiplied with.
    magnitude: f32,
    pub(crate) pairing: Pairing,
}

/// The cosines and sines of some positions.
#[derive(Debug, Default)]
pub(crate) struct Angles {
    /// `[positions][pairs]`
    pub(crate) cosines: Vec<f32>,
    /// `[positions][pairs]`
    pub(crate) sines: Vec<f32>,
}

impl Rope {
    /// Rotates `dimensions` elements of a head; pair i turns by `base^(-2i / dimensions)` a position, divided
    /// by `scale` (linear scaling) and by its factor (Llama 3's `rope_freqs.weight`).
    pub(crate) fn new(
        dimensions: usize,
        base: f32,
        scale: f32,
        factors: Option<&[f32]>,
        pairing: Pairing,
    ) -> Self {
        let pairs = dimensions / 2;
        let frequency = |pair: usize| {
            let exponent = -(2.0 * pair as f64) / dimensions as f64;
            let factor = factors.map_or(1.0, |factors| f64::from(factors[pair]));
            f64::from(base).powf(exponent) / f64::from(scale) / factor
        };
        Self { frequencies: (0..pairs).map(frequency).collect(), magnitude: 1.0, pairing }
    }

    /// The same, but rotated elements are multiplied with `magnitude` too.
    pub(crate) fn with_magnitude(self, magnitude: f32) -> Self {
        Self { magnitude, ..self }
    }

    /// The frequencies, the magnitude and the pairing as text that is equal only for equal rotations.
    pub(crate) fn describe(&self) -> String {
        format!("{self:?}")
    }

    /// The angles of these positions, computed in f64 so that far positions stay exact.
    pub(crate) fn angles(&self, positions: impl Iterator<Item = usize>, angles: &mut Angles) {
        angles.cosines.clear();
        angles.sines.clear();
        for position in positions {
            for frequency in &self.frequencies {
                let (sine, cosine) = (position as f64 * frequency).sin_cos();
                angles.cosines.push(cosine as f32 * self.magnitude);
                angles.sines.push(sine as f32 * self.magnitude);
            }
        }
    }

    /// Rotates rows of heads `[positions][heads × head_dimension]` in place.
    pub(crate) fn rotate(&self, angles: &Angles, head_dimension: usize, width: usize, rows: &mut [f32]) {
        let pairs = self.frequencies.len();
        for_each_row(rows, width, |index, row| {
            let cosines = &angles.cosines[index * pairs..(index + 1) * pairs];
            let sines = &angles.sines[index * pairs..(index + 1) * pairs];
            for head in row.chunks_exact_mut(head_dimension) {
                match self.pairing {
                    Pairing::Neighbours => rotate_neighbours(head, cosines, sines),
                    Pairing::Halves => rotate_halves(&mut head[..2 * pairs], cosines, sines),
                }
            }
        });
    }
}

impl Rope {
    /// Turns rotated rows of heads on by so many positions, in place. Rotations add up, so that the rows are those of
    /// the later positions, but for one more rounding.
    pub(crate) fn turn(&self, by: isize, head_dimension: usize, rows: &mut [f32]) {
        let (sines, cosines): (Vec<f32>, Vec<f32>) = self
            .frequencies
            .iter()
            .map(|frequency| (by as f64 * frequency).sin_cos())
            .map(|(sine, cosine)| (sine as f32, cosine as f32))
            .unzip();
        for head in rows.chunks_exact_mut(head_dimension) {
            match self.pairing {
                Pairing::Neighbours => rotate_neighbours(head, &cosines, &sines),
                Pairing::Halves => rotate_halves(&mut head[..2 * cosines.len()], &cosines, &sines),
            }
        }
    }
}

fn rotate_neighbours(head: &mut [f32], cosines: &[f32], sines: &[f32]) {
    for ((pair, cosine), sine) in head.as_chunks_mut().0.iter_mut().zip(cosines).zip(sines) {
        let [a, b] = *pair;
        *pair = [a * cosine - b * sine, a * sine + b * cosine];
    }
}

fn rotate_halves(head: &mut [f32], cosines: &[f32], sines: &[f32]) {
    let (first, second) = head.split_at_mut(head.len() / 2);
    for (((a, b), cosine), sine) in first.iter_mut().zip(second).zip(cosines).zip(sines) {
        (*a, *b) = (*a * cosine - *b * sine, *a * sine + *b * cosine);
    }
}

#[cfg(test)]
mod tests {
    use super::{Angles, Pairing, Rope};

    #[test]
    fn turning_on_gives_the_rotation_of_the_later_position() {
        for pairing in [Pairing::Neighbours, Pairing::Halves] {
            let rope = Rope::new(6, 10_000.0, 1.0, None, pairing).with_magnitude(1.25);
            let row: Vec<f32> = (0..16).map(|index| index as f32 - 7.5).collect();
            let at = |position: usize| {
                let (mut rotated, mut angles) = (row.clone(), Angles::default());
                rope.angles(std::iter::once(position), &mut angles);
                rope.rotate(&angles, 8, 16, &mut rotated);
                rotated
            };

            for (from, to) in [(3, 900), (900, 3), (5, 5)] {
                let mut turned = at(from);
                rope.turn(to as isize - from as isize, 8, &mut turned);
                for (turned, expected) in turned.iter().zip(at(to)) {
                    assert!((turned - expected).abs() < 1e-4, "{turned} {expected}");
                }
            }
        }
    }

    /// What Llama 3.1 divides its slow rotations by, as its configuration says (`rope_type: llama3`): pairs whose wave
    /// is longer than the original context are stretched eightfold, short ones not at all, others in between.
    fn llama_3_factors(dimensions: usize, base: f64) -> Vec<f32> {
        let (factor, low, high, original) = (8.0, 1.0, 4.0, 8192.0);
        let stretched = |pair: usize| {
            let wave = std::f64::consts::TAU * (2.0 * pair as f64 / dimensions as f64 * base.ln()).exp();
            let between = (original / wave - low) / (high - low);
            match between {
                between if between >= 1.0 => 1.0,
                between if between <= 0.0 => factor,
                between => 1.0 / ((1.0 - between) / factor + between),
            }
        };
        (0..dimensions / 2).map(|pair| stretched(pair) as f32).collect()
    }

    #[test]
    fn the_angles_of_llama_3_are_exact_at_position_131072() {
        let (dimensions, base, doublings) = (128, 500_000.0_f32, 17);
        let factors = llama_3_factors(dimensions, f64::from(base));
        let rope = Rope::new(dimensions, base, 1.0, Some(&factors), Pairing::Neighbours);
        let mut angles = Angles::default();

        rope.angles(std::iter::once(1 << doublings), &mut angles);

        assert_eq!((factors[0], factors[63]), (1.0, 8.0));
        assert!(factors.iter().any(|factor| (2.0..6.0).contains(factor)), "{factors:?}");
        for (pair, factor) in factors.iter().enumerate() {
            let exponent = -(2.0 * pair as f64) / dimensions as f64;
            let one = (exponent * f64::from(base).ln()).exp() / f64::from(*factor);
            // Squaring a complex number of length one doubles its angle.
            let (mut sine, mut cosine) = one.sin_cos();
            for _ in 0..doublings {
                (sine, cosine) = (2.0 * sine * cosine, cosine * cosine - sine * sine);
            }
            assert!((f64::from(angles.cosines[pair]) - cosine).abs() < 1e-6, "pair {pair}");
            assert!((f64::from(angles.sines[pair]) - sine).abs() < 1e-6, "pair {pair}");
        }
    }
}
