use super::super::install::{NUMPY, launch, require};
use crate::engine::Launch;
use crate::environment::Environment;
use crate::failure::Result;
use crate::workspace;

/// What a library is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Task {
    Vectors,
    Words,
    Encoder,
    Documents,
}

/// A library of others. All of them are in one Python environment.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Peer {
    /// The name in figures and options.
    pub(crate) name: &'static str,
    pub(crate) task: Task,
    /// The script in `benches/compare` that runs it.
    script: &'static str,
    packages: &'static [Packages],
    /// Whether it is left out until somebody names it, since installing it takes gigabytes.
    pub(crate) is_large: bool,
}

/// Packages of the Python Package Index that are used together, with their versions.
type Packages = &'static [(&'static str, &'static str)];

const FAISS: Packages = &[("faiss-cpu", "1.15.1")];
const HNSWLIB: Packages = &[("hnswlib", "0.8.0")];
const USEARCH: Packages = &[("usearch", "2.26.6")];
const QDRANT_EDGE: Packages = &[("qdrant-edge-py", "0.9.0")];
const BM25S: Packages = &[("bm25s", "0.3.16"), ("numba", "0.68.1")];
const TANTIVY: Packages = &[("tantivy", "0.27.0")];
/// It fuses graphs with the help of sympy.
const ONNX_RUNTIME: Packages = &[("onnxruntime", "1.32.0"), ("sympy", "1.14.0")];
const OPENVINO: Packages = &[("openvino", "2026.4.1")];
/// Writes graphs, and texts as tokens.
const ONNX: Packages = &[("onnx", "1.23.2"), ("tokenizers", "0.23.3")];
/// Their Linux wheels bring libraries for GPUs, whether there is one or not.
const TORCH: Packages = &[("sentence-transformers", "6.2.0"), ("torch", "2.15.0"), ("tokenizers", "0.23.3")];
const LANGCHAIN: Packages = &[("langchain-community", "0.4.2"), ("langchain-text-splitters", "1.1.3")];
const LLAMA_INDEX: Packages = &[("llama-index-core", "0.14.25")];

impl Peer {
    /// All of them.
    pub(crate) const ALL: [Self; 11] = [
        Self::new("faiss", Task::Vectors, "faiss_peer.py", &[FAISS]),
        Self::new("hnswlib", Task::Vectors, "hnswlib_peer.py", &[HNSWLIB]),
        Self::new("usearch", Task::Vectors, "usearch_peer.py", &[USEARCH]),
        Self::new("qdrant-edge", Task::Vectors, "qdrant_edge_peer.py", &[QDRANT_EDGE]),
        Self::new("bm25s", Task::Words, "bm25s_peer.py", &[BM25S]),
        Self::new("tantivy", Task::Words, "tantivy_peer.py", &[TANTIVY]),
        Self::new("onnxruntime", Task::Encoder, "onnxruntime_peer.py", &[ONNX_RUNTIME, ONNX]),
        Self::new("openvino", Task::Encoder, "openvino_encoder_peer.py", &[OPENVINO, ONNX]),
        Self::new("sentence-transformers", Task::Encoder, "sentence_transformers_peer.py", &[TORCH]).large(),
        Self::new("langchain", Task::Documents, "langchain_peer.py", &[LANGCHAIN, FAISS, ONNX_RUNTIME, ONNX]),
        Self::new("llamaindex", Task::Documents, "llamaindex_peer.py", &[LLAMA_INDEX, ONNX_RUNTIME, ONNX]),
    ];

    const fn new(
        name: &'static str,
        task: Task,
        script: &'static str,
        packages: &'static [Packages],
    ) -> Self {
        Self { name, task, script, packages, is_large: false }
    }

    const fn large(self) -> Self {
        Self { is_large: true, ..self }
    }
}

/// Installs a peer unless it is there from before, and says how it is started.
pub(crate) fn install(peer: &Peer) -> Result<Launch> {
    let environment = environment()?;
    let packages = peer.packages.concat();
    require(&environment, &packages)?;
    let shown: Vec<String> = packages.iter().map(|(name, version)| format!("{name} {version}")).collect();
    eprintln!("{}: {}", peer.name, shown.join(", "));
    Ok(launch(peer.name, &environment, peer.script))
}

/// How the exact reference is started, which compares every vector with `NumPy`.
pub(crate) fn exact() -> Result<Launch> {
    Ok(launch("numpy", &environment()?, "exact_neighbours.py"))
}

fn environment() -> Result<Environment> {
    let environment = Environment::open(workspace::target()?.join("python/retrieval"))?;
    require(&environment, &[NUMPY])?;
    Ok(environment)
}
