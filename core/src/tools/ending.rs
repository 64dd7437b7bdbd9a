use std::time::Duration;

use crate::message::{ToolStatus, Usage};

/// How a call ended without a value, and what the model is told of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Ending {
    pub(super) status: ToolStatus,
    pub(super) content: String,
    /// How long to wait before the call is made again; none if that would not help.
    pub(super) pause: Option<Duration>,
    pub(super) usage: Usage,
}

impl Ending {
    pub(super) fn new(status: ToolStatus, content: impl Into<String>) -> Self {
        Self { status, content: content.into(), pause: None, usage: Usage::default() }
    }
}
