use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::message::Usage;
use crate::observe::Prices;
use crate::setters::setters;
use crate::{Error, Result, duration};

/// What one run may spend. When a limit is reached the model gives its last answer, without tools.
///
/// Of the time, four fifths are for turns with tools: a tool that runs longer is stopped, and the rest is for the last answer.
/// A run that has no answer at its deadline ends with [`Error::Timeout`](crate::Error::Timeout).
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
#[non_exhaustive]
pub struct Limits {
    /// Generations. Default 8.
    pub max_turns: usize,
    /// Tool calls that are run. Default 16.
    pub max_tool_calls: usize,
    /// Tokens of one generation. Default 4 096.
    pub max_output_tokens: usize,
    /// Tokens of all generations together, their prompts included. The last answer may come on top. Default: any number.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub max_tokens: Option<usize>,
    /// What these tokens may cost by the [`prices`](Self::prices). The last answer may come on top. Default: any amount.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub max_cost: Option<f64>,
    /// What tokens cost. Default: unknown.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub prices: Option<Prices>,
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
    deadline: Duration;
    max_tokens: usize,
    max_cost: f64,
    prices: Prices
});

impl Default for Limits {
    fn default() -> Self {
        Self {
            max_turns: 8,
            max_tool_calls: 16,
            max_output_tokens: 4096,
            max_tokens: None,
            max_cost: None,
            prices: None,
            max_context_tokens: 1200,
            max_passages: 4,
            deadline: Duration::from_mins(10),
        }
    }
}

impl Limits {
    /// Whether so many tokens are all that a run may use.
    pub(super) fn are_reached_by(&self, usage: Usage) -> bool {
        let tokens = usage.input_tokens.saturating_add(usage.output_tokens);
        let cost = self.cost(usage).zip(self.max_cost);
        self.max_tokens.is_some_and(|limit| tokens >= limit)
            || cost.is_some_and(|(cost, limit)| cost >= limit)
    }

    /// What so many tokens cost, if that is known.
    pub(super) fn cost(&self, usage: Usage) -> Option<f64> {
        self.prices.map(|prices| prices.cost(usage))
    }

    /// Checks every value against its range.
    pub fn validate(&self) -> Result<()> {
        for (name, value) in [("max_turns", self.max_turns), ("max_output_tokens", self.max_output_tokens)] {
            if value == 0 {
                return Err(Error::invalid(name, "expected at least 1, got 0"));
            }
        }
        if let Some(prices) = &self.prices {
            prices.validate()?;
        }
        if let Some(cost) = self.max_cost {
            if !(cost.is_finite() && cost >= 0.0) {
                return Err(Error::invalid("max_cost", format!("expected at least 0, got {cost}")));
            }
            if self.prices.is_none() {
                return Err(Error::invalid("max_cost", "expected `prices` beside it, got none"));
            }
        }
        if self.deadline.is_zero() {
            return Err(Error::invalid("deadline", "expected more than 0 seconds, got 0"));
        }
        Ok(())
    }
}
