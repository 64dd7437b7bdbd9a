//! An agent runtime that you link instead of deploy.

#![forbid(unsafe_code)]

pub mod agent;
pub mod cache;
mod duration;
pub mod error;
#[cfg(any(feature = "remote", feature = "qdrant"))]
mod http;
mod layer;
pub mod llm;
pub mod message;
pub mod observe;
pub mod retrieval;
mod schema;
pub mod session;
mod setters;
pub mod tools;

pub use agent::{
    Agent, AgentExt, AgentSpec, AgentTool, Answer, Assistant, AssistantBuilder, Citation, CitationOrigin,
    Citing, Event, EventStream, Limits, PendingRun, Request, Route, RoutedBy, Router,
};
pub use cache::{Cache, CachedEmbedder, MemoryCache, MemoryCacheOptions};
pub use error::{Error, ErrorKind, Result};
pub use layer::Replay;
pub use llm::{
    Citable, Completion, Delta, DeltaStream, FinishReason, Llm, LlmExt, Priority, Prompt, Sampling,
    ScriptedCall, ScriptedLlm, ScriptedTurn, ToolChoice,
};
#[cfg(feature = "local")]
pub use llm::{
    Device, DeviceInfo, EvictionPriority, KvReuse, KvType, LocalLlm, LocalLlmOptions, LocalLlmStats,
    ModelRegistry, ModelRegistryOptions, QuantizeOptions, QuantizeReport, QuantizedType, devices, quantize,
};
#[cfg(feature = "remote")]
pub use llm::{RemoteLlm, RemoteLlmOptions};
pub use message::{Message, Role, ToolCall, ToolOutput, ToolSpec, ToolStatus, Usage};
pub use observe::{
    Distribution, Metric, Prices, Report, Slo, SloReport, Slos, ToolMetrics, ToolMetricsReport, ToolReport,
};
#[cfg(feature = "remote")]
pub use retrieval::RemoteEmbedder;
pub use retrieval::{
    Document, Embedder, HashedEmbedder, KnowledgeBase, KnowledgeRetriever, Passage, Query, Reranked,
    Reranker, Retriever, RetrieverOptions,
};
#[cfg(feature = "local")]
pub use retrieval::{LocalEmbedder, LocalReranker};
#[cfg(feature = "macros")]
pub use rushlight_macros::tool;
#[cfg(feature = "local")]
pub use rushlight_models::hub;
pub use session::{MemorySessions, MemorySessionsOptions, SessionStore};
pub use tools::{
    Approval, Approver, Choices, CircuitBreaker, FunctionApprover, FunctionTool, NoArguments, Rate,
    RateExcess, RateKey, ResultCache, Tool, ToolContext, ToolPolicy, ToolRegistry, Toolbox,
};
