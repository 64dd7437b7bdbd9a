use serde::{Deserialize, Serialize};

use crate::message::Usage;
use crate::{Error, Result};

/// What tokens cost, per million of them, in whatever currency the caller has in mind.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Prices {
    /// Tokens of prompts.
    pub input: f64,
    /// Tokens that are generated.
    pub output: f64,
    /// Those tokens of prompts that are taken from a cache. Default: as the others.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cached_input: Option<f64>,
}

impl Prices {
    /// What these tokens cost.
    pub fn cost(&self, usage: Usage) -> f64 {
        let cached = usage.cached_tokens.min(usage.input_tokens);
        let parts = [
            (usage.input_tokens - cached, self.input),
            (cached, self.cached_input.unwrap_or(self.input)),
            (usage.output_tokens, self.output),
        ];
        parts.into_iter().map(|(tokens, price)| tokens as f64 * price / 1e6).sum()
    }

    /// Checks that no price is negative or endless.
    pub(crate) fn validate(&self) -> Result<()> {
        let prices = [
            ("prices.input", self.input),
            ("prices.output", self.output),
            ("prices.cached_input", self.cached_input.unwrap_or_default()),
        ];
        match prices.into_iter().find(|(_, price)| !price.is_finite() || *price < 0.0) {
            Some((name, price)) => Err(Error::invalid(name, format!("expected at least 0, got {price}"))),
            None => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_token_has_its_price() {
        let usage = Usage::new(500_000, 800_000, 400_000);
        let prices = Prices { input: 0.5, output: 1.5, cached_input: None };

        assert!((prices.cost(usage) - (0.25 + 1.2)).abs() < 1e-12);
        let cheaper = Prices { cached_input: Some(0.05), ..prices };
        assert!((cheaper.cost(usage) - (0.05 + 0.02 + 1.2)).abs() < 1e-12);
        assert!(Prices::default().cost(usage).abs() < f64::EPSILON);
    }
}
