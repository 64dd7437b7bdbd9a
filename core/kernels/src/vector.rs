//! Functions of f32 vectors that models need between products.
//!
//! The portable code is compiled once for each instruction set. It adds in a fixed order, 16 lanes wide, and fuses a
//! product with a sum only where it says so, so that all of them give the same bits.

pub(crate) mod exponential;

#[cfg(test)]
mod tests;

/// Lanes of a sum: the widest vector of f32.
const LANES: usize = 16;

/// Defines a function that calls `$portable` compiled for the active instruction set, or for the one of `$level`, which
/// must be available.
macro_rules! dispatch {
    ($(#[$doc:meta])* $visibility:vis fn $name:ident($($arg:ident: $type:ty),* $(,)?) $(-> $result:ty)? = $portable:path;) => {
        $crate::vector::dispatch! {
            $(#[$doc])*
            $visibility fn $name($($arg: $type),*) $(-> $result)? = $crate::cpu::active() => $portable;
        }
    };
    ($(#[$doc:meta])* $visibility:vis fn $name:ident($($arg:ident: $type:ty),* $(,)?) $(-> $result:ty)? = $level:expr => $portable:path;) => {
        $(#[$doc])*
        $visibility fn $name($($arg: $type),*) $(-> $result)? {
            #[cfg(target_arch = "x86_64")]
            {
                #[target_feature(enable = "avx2,fma,f16c")]
                fn avx2($($arg: $type),*) $(-> $result)? {
                    $portable($($arg),*)
                }

                #[target_feature(enable = "avx2,fma,f16c,avx512f,avx512bw,avx512vnni")]
                fn avx512($($arg: $type),*) $(-> $result)? {
                    $portable($($arg),*)
                }

                match $level {
                    // SAFETY: the level is available, so the CPU has the features of the function.
                    $crate::cpu::Level::Avx512Vnni | $crate::cpu::Level::Amx => return unsafe { avx512($($arg),*) },
                    // SAFETY: as above.
                    $crate::cpu::Level::Avx2 => return unsafe { avx2($($arg),*) },
                    $crate::cpu::Level::Scalar => {}
                }
            }
            $portable($($arg),*)
        }
    };
}
pub(crate) use dispatch;
pub(crate) use portable::{largest_magnitude, total};

dispatch! {
    /// The dot product.
    ///
    /// # Panics
    ///
    /// If the lengths differ.
    pub fn dot(a: &[f32], b: &[f32]) -> f32 = portable::dot;
}

dispatch! {
    /// The first value that is NaN or infinite.
    pub fn find_non_finite(values: &[f32]) -> Option<f32> = portable::find_non_finite;
}

dispatch! {
    /// The greatest value: NaN if any is, minus infinity of none.
    pub fn greatest(values: &[f32]) -> f32 = portable::greatest;
}

dispatch! {
    /// Adds `scale * x` to `out`.
    ///
    /// # Panics
    ///
    /// If the lengths differ.
    pub fn add_scaled(out: &mut [f32], scale: f32, x: &[f32]) = portable::add_scaled;
}

dispatch! {
    /// Replaces every value by its GELU, `x / 2 * (1 + erf(x / √2))`, with an absolute error of at most 1e-6.
    pub fn gelu_erf(x: &mut [f32]) = portable::gelu_erf;
}

dispatch! {
    /// Replaces every `gate` value by `silu(gate) * up`, where `silu(x) = x / (1 + exp(-x))`.
    ///
    /// # Panics
    ///
    /// If the lengths differ.
    pub fn silu_mul(gate: &mut [f32], up: &[f32]) = portable::silu_mul;
}

dispatch! {
    /// Replaces every `gate` value by `gelu(gate) * up`, GELU in its approximation by a hyperbolic tangent,
    /// `x / 2 * (1 + tanh(√(2/π) * (x + 0.044715 * x³)))`.
    ///
    /// # Panics
    ///
    /// If the lengths differ.
    pub fn gelu_mul(gate: &mut [f32], up: &[f32]) = portable::gelu_mul;
}

dispatch! {
    /// Replaces `row` by its softmax: minus infinity gives 0; NaN anywhere, or nothing finite, gives NaN everywhere.
    pub fn softmax(row: &mut [f32]) = portable::softmax;
}

dispatch! {
    /// Writes `x / sqrt(mean(x²) + eps) * weight` to `out`.
    ///
    /// # Panics
    ///
    /// If the lengths differ.
    pub fn rms_norm(x: &[f32], weight: &[f32], eps: f32, out: &mut [f32]) = portable::rms_norm;
}

dispatch! {
    /// Writes `(x - mean(x)) / sqrt(variance(x) + eps) * weight + bias` to `out`.
    ///
    /// # Panics
    ///
    /// If the lengths differ.
    pub fn layer_norm(x: &[f32], weight: &[f32], bias: &[f32], eps: f32, out: &mut [f32]) = portable::layer_norm;
}

/// The functions themselves; each is inlined into its callers so that it is compiled for their instruction set.
mod portable {
    use super::{LANES, exponential};

    #[inline(always)]
    pub(super) fn dot(a: &[f32], b: &[f32]) -> f32 {
        assert_eq!(a.len(), b.len(), "`a` and `b` have the same length");
        let ((a, a_rest), (b, b_rest)) = (a.as_chunks::<LANES>(), b.as_chunks::<LANES>());
        let mut sums = [0.0; LANES];
        for (a, b) in a.iter().zip(b) {
            for ((sum, a), b) in sums.iter_mut().zip(a).zip(b) {
                *sum += a * b;
            }
        }
        for ((sum, a), b) in sums.iter_mut().zip(a_rest).zip(b_rest) {
            *sum += a * b;
        }
        total(sums)
    }

    #[inline(always)]
    pub(super) fn find_non_finite(values: &[f32]) -> Option<f32> {
        if largest_magnitude(values).is_finite() {
            return None;
        }
        values.iter().copied().find(|value| !value.is_finite())
    }

    /// The largest magnitude; infinite or NaN if any value is.
    #[inline(always)]
    pub(crate) fn largest_magnitude(values: &[f32]) -> f32 {
        // Without the sign bit the order of the bits is the order of the values, NaN last.
        let bits = values.iter().fold(0, |largest: u32, value| largest.max(value.to_bits() & 0x7fff_ffff));
        f32::from_bits(bits)
    }

    #[inline(always)]
    pub(super) fn greatest(values: &[f32]) -> f32 {
        let (mut greatest, mut nan) = ([f32::NEG_INFINITY; LANES], [false; LANES]);
        let (chunks, rest) = values.as_chunks::<LANES>();
        for values in chunks {
            for lane in 0..LANES {
                greatest[lane] = if values[lane] > greatest[lane] { values[lane] } else { greatest[lane] };
                nan[lane] |= values[lane].is_nan();
            }
        }
        let has_nan = nan.into_iter().any(|nan| nan) || rest.iter().any(|value| value.is_nan());
        let all = greatest.iter().chain(rest);
        if has_nan { f32::NAN } else { all.copied().fold(f32::NEG_INFINITY, f32::max) }
    }

    #[inline(always)]
    pub(super) fn add_scaled(out: &mut [f32], scale: f32, x: &[f32]) {
        assert_eq!(out.len(), x.len(), "`out` and `x` have the same length");
        for (out, x) in out.iter_mut().zip(x) {
            *out += scale * x;
        }
    }

    #[inline(always)]
    pub(super) fn gelu_erf(x: &mut [f32]) {
        for x in x {
            *x = exponential::gelu(*x);
        }
    }

    #[inline(always)]
    pub(super) fn silu_mul(gate: &mut [f32], up: &[f32]) {
        assert_eq!(gate.len(), up.len(), "`gate` and `up` have the same length");
        for (gate, up) in gate.iter_mut().zip(up) {
            *gate = exponential::silu(*gate) * up;
        }
    }

    #[inline(always)]
    pub(super) fn gelu_mul(gate: &mut [f32], up: &[f32]) {
        assert_eq!(gate.len(), up.len(), "`gate` and `up` have the same length");
        for (gate, up) in gate.iter_mut().zip(up) {
            *gate = exponential::gelu_tanh(*gate) * up;
        }
    }

    #[inline(always)]
    pub(super) fn softmax(row: &mut [f32]) {
        let mut largest = [f32::NEG_INFINITY; LANES];
        for values in row.chunks(LANES) {
            for (largest, value) in largest.iter_mut().zip(values) {
                *largest = if *value > *largest { *value } else { *largest };
            }
        }
        let largest = largest.into_iter().fold(f32::NEG_INFINITY, f32::max);
        let mut sums = [0.0; LANES];
        for values in row.chunks_mut(LANES) {
            for (sum, value) in sums.iter_mut().zip(values) {
                *value = exponential::exp(*value - largest);
                *sum += *value;
            }
        }
        let scale = 1.0 / total(sums);
        for value in row {
            *value *= scale;
        }
    }

    #[inline(always)]
    pub(super) fn rms_norm(x: &[f32], weight: &[f32], eps: f32, out: &mut [f32]) {
        assert!(
            x.len() == weight.len() && x.len() == out.len(),
            "`x`, `weight` and `out` have the same length"
        );
        let squares = sum_f64(x, |x| f64::from(x * x));
        let scale = 1.0 / ((squares / x.len() as f64) as f32 + eps).sqrt();
        for ((out, x), weight) in out.iter_mut().zip(x).zip(weight) {
            *out = x * scale * weight;
        }
    }

    #[inline(always)]
    pub(super) fn layer_norm(x: &[f32], weight: &[f32], bias: &[f32], eps: f32, out: &mut [f32]) {
        assert!(
            x.len() == weight.len() && x.len() == bias.len() && x.len() == out.len(),
            "`x`, `weight`, `bias` and `out` have the same length"
        );
        let mean = sum_f64(x, f64::from) / x.len() as f64;
        let squares = sum_f64(x, |x| (f64::from(x) - mean) * (f64::from(x) - mean));
        let scale = 1.0 / ((squares / x.len() as f64) as f32 + eps).sqrt();
        let mean = mean as f32;
        for (((out, x), weight), bias) in out.iter_mut().zip(x).zip(weight).zip(bias) {
            *out = (x - mean) * scale * weight + bias;
        }
    }

    /// Sums `term` over `x` in f64, as ggml does in its norms.
    #[inline(always)]
    fn sum_f64(x: &[f32], term: impl Fn(f32) -> f64) -> f64 {
        let mut sums = [0.0; LANES];
        for values in x.chunks(LANES) {
            for (sum, x) in sums.iter_mut().zip(values) {
                *sum += term(*x);
            }
        }
        sums.into_iter().sum()
    }

    /// The sum of all lanes, halves first.
    #[inline(always)]
    pub(crate) fn total(mut sums: [f32; LANES]) -> f32 {
        let mut width = LANES / 2;
        while width > 0 {
            for lane in 0..width {
                sums[lane] += sums[lane + width];
            }
            width /= 2;
        }
        sums[0]
    }
}
