//! Which instruction sets this machine has, asked once.

use std::sync::OnceLock;

/// An instruction set that the kernels are written for, from the most portable to the fastest.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub enum Level {
    /// Portable code, every machine.
    Scalar,
    /// x86-64 with AVX2, FMA and F16C (2013 and later).
    Avx2,
    /// x86-64 with AVX-512 F, BW and VNNI (2019 and later servers).
    Avx512Vnni,
}

impl Level {
    /// Whether this machine can run code of this level.
    #[cfg(target_arch = "x86_64")]
    pub fn is_available(self) -> bool {
        match self {
            Self::Scalar => true,
            Self::Avx2 => {
                is_x86_feature_detected!("avx2")
                    && is_x86_feature_detected!("fma")
                    && is_x86_feature_detected!("f16c")
            }
            Self::Avx512Vnni => {
                Self::Avx2.is_available()
                    && is_x86_feature_detected!("avx512f")
                    && is_x86_feature_detected!("avx512bw")
                    && is_x86_feature_detected!("avx512vnni")
            }
        }
    }

    /// Whether this machine can run code of this level.
    #[cfg(not(target_arch = "x86_64"))]
    pub fn is_available(self) -> bool {
        self == Self::Scalar
    }
}

/// The fastest level of this machine; all kernels use it.
pub fn active() -> Level {
    static ACTIVE: OnceLock<Level> = OnceLock::new();
    *ACTIVE.get_or_init(|| {
        [Level::Avx512Vnni, Level::Avx2]
            .into_iter()
            .find(|level| level.is_available())
            .unwrap_or(Level::Scalar)
    })
}

#[cfg(test)]
mod tests {
    use super::{Level, active};

    #[test]
    fn the_active_level_is_available_and_no_faster_one_is() {
        let active = active();

        assert!(active.is_available());
        for level in [Level::Scalar, Level::Avx2, Level::Avx512Vnni] {
            assert!(
                level <= active || !level.is_available(),
                "{level:?} is available and faster than {active:?}"
            );
        }
    }
}
