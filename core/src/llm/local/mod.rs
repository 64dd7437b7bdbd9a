//! A language model in this process: one thread owns it, bounded channels lead in and out.

mod counters;
mod draft;
mod job;
mod memory;
mod model;
mod options;
mod prompt;
mod registry;
mod scheduler;
mod sequence;
mod slot;
mod worker;
mod writer;

pub use counters::{LocalLlmStats, LocalLlmStatus};
pub use model::LocalLlm;
pub use options::LocalLlmOptions;
pub use registry::{EvictionPriority, ModelRegistry, ModelRegistryOptions, RegisteredModel};
pub use rushlight_models::{
    Device, Kernels, KvType, LoadProgress, LoadStage, MemoryEstimate, ModelInfo, WeightLayout,
};
