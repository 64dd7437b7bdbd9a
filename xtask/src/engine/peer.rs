use clap::ValueEnum;

/// A kind of GPU that engines can be built for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Gpu {
    /// NVIDIA's
    Cuda,
    /// Apple's
    Metal,
}

impl Gpu {
    /// Our feature, and the name of the environment for peers.
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Cuda => "cuda",
            Self::Metal => "metal",
        }
    }

    /// llama.cpp's option.
    pub(super) fn cmake(self) -> &'static str {
        match self {
            Self::Cuda => "-DGGML_CUDA=ON",
            Self::Metal => "-DGGML_METAL=ON",
        }
    }
}

/// An engine of others.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Peer {
    /// Built on this machine for this machine, with clang
    #[value(name = "llama.cpp")]
    LlamaCpp,
    /// Its package for the CPU
    #[value(name = "openvino")]
    OpenVino,
    /// Its package for the CPU
    #[value(name = "mistral.rs")]
    MistralRs,
}

impl Peer {
    /// All of them.
    pub(crate) const ALL: [Self; 3] = [Self::LlamaCpp, Self::OpenVino, Self::MistralRs];

    /// The name in figures and options.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::LlamaCpp => "llama.cpp",
            Self::OpenVino => "openvino",
            Self::MistralRs => "mistral.rs",
        }
    }

    /// The package in the Python Package Index, and its version.
    pub(super) fn package(self) -> (&'static str, &'static str) {
        match self {
            Self::LlamaCpp => ("llama-cpp-python", "0.3.36"),
            Self::OpenVino => ("openvino-genai", "2026.4.1.0"),
            Self::MistralRs => ("mistralrs", "0.9.5"),
        }
    }

    /// The script in `benches/compare` that runs it.
    pub(super) fn script(self) -> &'static str {
        match self {
            Self::LlamaCpp => "llama_cpp_peer.py",
            Self::OpenVino => "openvino_peer.py",
            Self::MistralRs => "mistralrs_peer.py",
        }
    }
}
