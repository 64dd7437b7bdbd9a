//! The native half of the Python package `rushlight`.
//!
//! Glue only: each method converts, calls the core through the one door in `runtime`, and converts back.
//! The public names are re-exported by `python/rushlight/__init__.py`.

#![forbid(unsafe_code)]
#![expect(clippy::doc_markdown, reason = "Python's tools read the bare names under `Args:` and `Raises:`")]
#![expect(clippy::needless_pass_by_value, reason = "the bridge and `map_err` hand over values")]

mod agent;
mod answer;
mod approval;
mod assistant;
mod batch;
mod cache;
mod callback;
mod context;
mod convert;
mod device;
mod embedder;
mod error;
mod event;
mod function;
mod hub;
mod info;
mod ingest;
mod llm;
mod mcp;
mod metrics;
mod options;
mod own;
mod passage;
mod progress;
mod quantize;
mod registry;
mod remote_llm;
mod request;
mod reranker;
mod retrieval;
mod retriever;
mod router;
mod runtime;
mod serve;
mod session;
mod slo;
mod spec;
mod store;
mod storing;
mod stream;
mod tool;

use pyo3::pymodule;

#[pymodule]
mod _rushlight {
    use pyo3::prelude::*;

    #[pymodule_export]
    use crate::agent::Agent;
    #[pymodule_export]
    use crate::answer::{Answer, Citation, PendingRun, Report, Usage};
    #[pymodule_export]
    use crate::assistant::Assistant;
    #[pymodule_export]
    use crate::cache::MemoryCache;
    #[pymodule_export]
    use crate::context::ToolContext;
    #[pymodule_export]
    use crate::device::{DeviceInfo, devices};
    #[pymodule_export]
    use crate::embedder::{CachedEmbedder, HashedEmbedder, LocalEmbedder, RemoteEmbedder};
    #[pymodule_export]
    use crate::event::{Done, HandedOff, Retrieved, Routed, Text, ToolCall, ToolOutput};
    #[pymodule_export]
    use crate::hub::{FetchProgress, KnownModel, afetch, fetch, models};
    #[pymodule_export]
    use crate::info::{KnowledgeBaseInfo, LoadProgress, MemoryEstimate, ModelInfo, VectorIndex};
    #[pymodule_export]
    use crate::ingest::{FailedDocument, IngestProgress, IngestReport};
    #[pymodule_export]
    use crate::llm::{LocalLlm, ScriptedLlm};
    #[pymodule_export]
    use crate::mcp::McpTools;
    #[pymodule_export]
    use crate::metrics::{Distribution, ToolMetrics, ToolMetricsReport, ToolReport};
    #[pymodule_export]
    use crate::options::{Limits, Sampling};
    #[pymodule_export]
    use crate::passage::{Document, Passage, Scores};
    #[pymodule_export]
    use crate::quantize::{QuantizeProgress, QuantizeReport, QuantizedTensor, aquantize, quantize};
    #[pymodule_export]
    use crate::registry::{ModelRegistry, RegisteredModel};
    #[pymodule_export]
    use crate::remote_llm::RemoteLlm;
    #[pymodule_export]
    use crate::reranker::LocalReranker;
    #[pymodule_export]
    use crate::retrieval::KnowledgeBase;
    #[pymodule_export]
    use crate::retriever::KnowledgeRetriever;
    #[pymodule_export]
    use crate::router::Router;
    #[pymodule_export]
    use crate::serve::{McpHttpServer, McpServer};
    #[pymodule_export]
    use crate::session::MemorySessions;
    #[pymodule_export]
    use crate::slo::{Slo, SloReport, Slos};
    #[pymodule_export]
    use crate::store::{CompactReport, StoreCheck, StoreInfo};
    #[pymodule_export]
    use crate::stream::{AsyncEventStream, EventStream};
    #[pymodule_export]
    use crate::tool::{
        BuiltinTool, calculate, current_time, fetch_page, read_file, run_command, search_code,
        search_knowledge,
    };

    #[pymodule_export]
    #[expect(non_upper_case_globals, reason = "Python's name of it")]
    const __version__: &str = env!("CARGO_PKG_VERSION");

    #[pymodule_init]
    fn init(py: Python<'_>) -> PyResult<()> {
        crate::runtime::close_at_exit(py)
    }
}
