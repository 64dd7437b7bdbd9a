use rushlight_models::Device;
use serde::{Deserialize, Serialize};

use crate::setters::setters;

/// How a [`LocalLlm`](super::LocalLlm) is set up.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
#[non_exhaustive]
pub struct LocalLlmOptions {
    /// Where the model computes. Default: the best device that is built in.
    pub device: Device,
    /// Tokens that prompt and answer may have together, at most what the model's file says. Default: what
    /// the file says.
    pub context: Option<usize>,
    /// Threads that compute for this model alone. Default: those that the whole process shares, one for each
    /// core.
    pub threads: Option<usize>,
    /// Generations that may wait; one more is refused with [`Error::Overloaded`](crate::Error::Overloaded).
    /// Default 100.
    pub queue: usize,
}

setters!(LocalLlmOptions { device: Device, queue: usize; context: usize, threads: usize });

impl Default for LocalLlmOptions {
    fn default() -> Self {
        Self { device: Device::default(), context: None, threads: None, queue: 100 }
    }
}
