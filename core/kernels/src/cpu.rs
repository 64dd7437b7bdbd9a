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
    /// The same with AMX for bytes (2023 and later servers); on Linux.
    Amx,
}

impl Level {
    /// All of them, from the most portable to the fastest.
    const ALL: [Self; 4] = [Self::Scalar, Self::Avx2, Self::Avx512Vnni, Self::Amx];

    /// The level's name, for reports and for `RUSHLIGHT_CPU`.
    pub fn name(self) -> &'static str {
        match self {
            Self::Scalar => "scalar",
            Self::Avx2 => "avx2",
            Self::Avx512Vnni => "avx512",
            Self::Amx => "amx",
        }
    }

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
            Self::Amx => crate::amx::is_usable(),
        }
    }

    /// Whether this machine can run code of this level.
    #[cfg(not(target_arch = "x86_64"))]
    pub fn is_available(self) -> bool {
        self == Self::Scalar
    }
}

/// The fastest level of this machine, which all kernels use.
///
/// The environment variable `RUSHLIGHT_CPU` (`scalar`, `avx2`, `avx512`, `amx`) leaves faster ones out, to compare them;
/// another value changes nothing.
pub fn active() -> Level {
    static ACTIVE: OnceLock<Level> = OnceLock::new();
    *ACTIVE.get_or_init(|| {
        let named = std::env::var("RUSHLIGHT_CPU").ok();
        let limit = Level::ALL.into_iter().find(|level| Some(level.name()) == named.as_deref());
        Level::ALL
            .into_iter()
            .rev()
            .find(|level| limit.is_none_or(|limit| *level <= limit) && level.is_available())
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
        if std::env::var_os("RUSHLIGHT_CPU").is_none() {
            for level in Level::ALL {
                assert!(
                    level <= active || !level.is_available(),
                    "{level:?} is available and faster than {active:?}"
                );
            }
        }
    }
}
