//! A language model in this process: one thread owns it, bounded channels lead in and out.

mod chunks;
mod counters;
mod draft;
mod job;
mod model;
mod options;
mod prefix;
mod prompt;
mod scheduler;
mod sequence;
mod worker;
mod writer;

pub use counters::LocalLlmStats;
pub use model::LocalLlm;
pub use options::{KvReuse, LocalLlmOptions};
pub use rushlight_models::{Device, KvType};
