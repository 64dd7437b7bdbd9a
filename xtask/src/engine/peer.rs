/// An engine of others.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Peer {
    /// Built on this machine for this machine, with clang.
    LlamaCpp,
    /// Its package for the CPU.
    OpenVino,
    /// Its package for the CPU.
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
