//! A language model in this process: one thread owns it, bounded channels lead in and out.

mod choice;
mod chunks;
mod citing;
mod counters;
mod draft;
mod files;
mod guard;
mod job;
mod memory;
mod model;
mod options;
mod pass;
mod prefix;
mod prompt;
mod quantize;
mod registry;
mod rules;
mod scheduler;
mod sequence;
mod slot;
mod worker;
mod writer;

pub use counters::{LocalLlmStats, LocalLlmStatus};
pub use model::LocalLlm;
pub use options::{KvReuse, LocalLlmOptions};
pub use quantize::{quantize, quantize_with_progress};
pub use registry::{EvictionPriority, ModelRegistry, ModelRegistryOptions, RegisteredModel};
pub use rushlight_models::{
    Device, DeviceInfo, Kernels, KvType, LoadProgress, LoadStage, MemoryEstimate, ModelInfo, QuantizeOptions,
    QuantizeProgress, QuantizeReport, QuantizedTensor, QuantizedType, WeightLayout, devices,
};
