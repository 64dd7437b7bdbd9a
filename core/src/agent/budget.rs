use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::setters::setters;
use crate::{Error, Result, duration};

/// What one run may spend. When a limit is reached the model gives its last answer without tools, or,
/// at the deadline, the run ends with [`Error::Timeout`](crate::Error::Timeout).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
#[non_exhaustive]
pub struct Limits {
    /// Generations. Default 8.
    pub max_turns: usize,
    /// Tool calls that are run. Default 16.
    pub max_tool_calls: usize,
    /// Tokens of one generation. Default 4 096.
    pub max_output_tokens: usize,
    /// Tokens of retrieved passages in the prompt, counted by the model. Default 1 200.
    pub max_context_tokens: usize,
    /// Passages that are retrieved. Default 4.
    pub max_passages: usize,
    /// Wall time of the whole run. Default 10 minutes: a small machine reads a long prompt slowly. In JSON a number of seconds,
    /// or text such as `30s`.
    #[serde(with = "duration")]
    pub deadline: Duration,
}

setters!(Limits {
    max_turns: usize,
    max_tool_calls: usize,
    max_output_tokens: usize,
    max_context_tokens: usize,
    max_passages: usize,
    deadline: Duration
});

impl Default for Limits {
    fn default() -> Self {
        Self {
            max_turns: 8,
            max_tool_calls: 16,
            max_output_tokens: 4096,
            max_context_tokens: 1200,
            max_passages: 4,
            deadline: Duration::from_mins(10),
        }
    }
}

impl Limits {
    /// Checks every value against its range.
    pub fn validate(&self) -> Result<()> {
        for (name, value) in [("max_turns", self.max_turns), ("max_output_tokens", self.max_output_tokens)] {
            if value == 0 {
                return Err(Error::invalid(name, "expected at least 1, got 0"));
            }
        }
        if self.deadline.is_zero() {
            return Err(Error::invalid("deadline", "expected more than 0 seconds, got 0"));
        }
        Ok(())
    }
}
