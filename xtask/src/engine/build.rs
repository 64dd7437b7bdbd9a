use clap::ValueEnum;

use super::Peer;

/// What our engine and llama.cpp are built for, and run on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Build {
    /// This machine's processor with everything that it has.
    Native,
    /// The same without what came after a level.
    Level(Level),
    /// A GPU of this machine.
    Gpu(Gpu),
}

/// A level of x86-64, by the name that `RUSHLIGHT_CPU` has for it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Level {
    /// AVX2, FMA and F16C
    Avx2,
    /// AVX-512 with VNNI, without AMX
    Avx512,
}

/// A kind of GPU that engines can be built for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Gpu {
    /// NVIDIA's
    Cuda,
    /// Apple's
    Metal,
}

impl Build {
    /// The peers that can be built so.
    pub(crate) fn peers(self) -> &'static [Peer] {
        if self == Self::Native { &Peer::ALL } else { &[Peer::LlamaCpp] }
    }

    /// Our feature.
    pub(super) fn feature(self) -> Option<&'static str> {
        if let Self::Gpu(_) = self { self.name() } else { None }
    }

    /// What `RUSHLIGHT_CPU` is for our engine.
    pub(super) fn level(self) -> Option<&'static str> {
        if let Self::Level(_) = self { self.name() } else { None }
    }

    /// The folder of the peers' environment.
    pub(super) fn folder(self) -> String {
        self.name().map_or_else(|| "peers".to_owned(), |name| format!("peers-{name}"))
    }

    /// llama.cpp's options. Its own code for the processor uses nothing of AVX-512 that is not named here, but for weights
    /// in BF16.
    pub(super) fn cmake(self) -> &'static str {
        match self {
            Self::Native => "-DGGML_NATIVE=ON",
            Self::Level(Level::Avx2) => {
                "-DGGML_NATIVE=OFF -DGGML_AVX2=ON -DGGML_FMA=ON -DGGML_F16C=ON -DGGML_BMI2=ON"
            }
            Self::Level(Level::Avx512) => {
                "-DGGML_NATIVE=OFF -DGGML_AVX2=ON -DGGML_FMA=ON -DGGML_F16C=ON -DGGML_BMI2=ON \
                 -DGGML_AVX512=ON -DGGML_AVX512_VNNI=ON"
            }
            Self::Gpu(Gpu::Cuda) => "-DGGML_NATIVE=ON -DGGML_CUDA=ON",
            Self::Gpu(Gpu::Metal) => "-DGGML_NATIVE=ON -DGGML_METAL=ON",
        }
    }

    fn name(self) -> Option<&'static str> {
        match self {
            Self::Native => None,
            Self::Level(Level::Avx2) => Some("avx2"),
            Self::Level(Level::Avx512) => Some("avx512"),
            Self::Gpu(Gpu::Cuda) => Some("cuda"),
            Self::Gpu(Gpu::Metal) => Some("metal"),
        }
    }
}
