//! How much memory a model takes, and how much there is.

mod cgroup;
mod estimate;
mod free;

pub use estimate::MemoryEstimate;
pub use free::free_memory;
