export {
  Agent,
  type AsToolOptions,
  type BatchOptions,
  type BatchRequest,
  type Extracted,
  type GoOnOptions,
  type RunOptions,
} from "./agent.js";
export {
  Assistant,
  type AssistantOptions,
  type AssistantParts,
  type HandOff,
  type Limits,
  type Prices,
  type Sampling,
  type SpecOptions,
} from "./assistant.js";
export { MemoryCache, type MemoryCacheOptions } from "./cache.js";
export {
  tool,
  type ApprovalRequest,
  type Approver,
  type CallContext,
  type Choices,
  type CircuitBreaker,
  type Decision,
  type JsonSchema,
  type ResultCache,
  type StandardSchema,
  type Tool,
  type ToolArguments,
  type ToolContext,
  type ToolDefinition,
  type ToolPolicy,
} from "./callback.js";
export { devices, type Device, type DeviceInfo } from "./device.js";
export {
  CachedEmbedder,
  HashedEmbedder,
  LocalEmbedder,
  RemoteEmbedder,
  type LocalEmbedderOptions,
  type RemoteEmbedderOptions,
} from "./embedder.js";
export { AbortError, RushlightError, type ErrorCode } from "./error.js";
export {
  eventToJson,
  type Answer,
  type Citation,
  type DoneEvent,
  type Event,
  type HandedOffEvent,
  type Passage,
  type PendingRun,
  type Report,
  type RetrievedEvent,
  type RoutedEvent,
  type Scores,
  type TextEvent,
  type ToolCallEvent,
  type ToolOutputEvent,
  type ToolStatus,
  type Usage,
} from "./event.js";
export { fetchModel, models, type FetchOptions, type FetchProgress, type KnownModel } from "./hub.js";
export {
  LocalLlm,
  ScriptedLlm,
  type Beginning,
  type LoadProgress,
  type LocalLlmOptions,
  type LocalLlmStats,
  type LocalLlmStatus,
  type MemoryEstimate,
  type Message,
  type ModelInfo,
  type OpenOptions,
  type Prompt,
  type ScriptedTurn,
} from "./llm.js";
export { McpTools, type McpEndpoint, type McpProgram, type McpToolsOptions, type McpUrl, type RefusedTool } from "./mcp.js";
export { ToolMetrics, type Distribution, type ToolMetricsReport, type ToolReport } from "./metrics.js";
export type { Cache, Embedder, Llm, OwnPassage, Piece, Reranker, RetrieveContext, Retriever } from "./own.js";
export {
  quantize,
  type QuantizeOptions,
  type QuantizeProgress,
  type QuantizeReport,
  type QuantizedTensor,
  type QuantizedType,
} from "./quantize.js";
export {
  ModelRegistry,
  type AddOptions,
  type EvictionPriority,
  type ModelRegistryOptions,
  type RegisteredModel,
} from "./registry.js";
export { RemoteLlm, type RemoteLlmOptions } from "./remote_llm.js";
export { LocalReranker } from "./reranker.js";
export {
  KnowledgeBase,
  type Document,
  type Filter,
  type HnswOptions,
  type IngestDirOptions,
  type IngestOptions,
  type IngestProgress,
  type IngestReport,
  type KnowledgeBaseInfo,
  type KnowledgeBaseOptions,
  type RetrieveOptions,
  type SearchMode,
  type WebOptions,
} from "./retrieval.js";
export { KnowledgeRetriever, type RetrieverOptions } from "./retriever.js";
export { Router, type Route, type RouterOptions } from "./router.js";
export type { Abortable } from "./runtime.js";
export { McpServer, type McpHttpOptions, type McpHttpServer, type McpServerOptions } from "./serve.js";
export { MemorySessions, type MemorySessionsOptions } from "./session.js";
export { Slos, type Metric, type Slo, type SloReport } from "./slo.js";
export type { AgentProfile, AgentSpec } from "./spec.js";
export type { CompactReport, StoreCheck, StoreInfo } from "./store.js";
export type { EventStream } from "./stream.js";
export * as tools from "./tools.js";
