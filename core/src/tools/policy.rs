//! What keeps one tool in check.

mod bucket;
mod duration;
mod rate;

use std::time::Duration;

use serde::{Deserialize, Serialize};

pub(super) use bucket::Buckets;
pub use rate::{Rate, RateExcess, RateKey};

use crate::setters::setters;
use crate::{Error, Result};

/// What keeps the calls of one tool in check. By default that is the timeout of the toolbox alone.
///
/// ```
/// use std::time::Duration;
///
/// use rushlight::ToolPolicy;
///
/// # fn main() -> rushlight::Result<()> {
/// let policy = ToolPolicy::default()
///     .rate("100/min".parse()?)
///     .timeout(Duration::from_secs(5))
///     .concurrency(3)
///     .scopes(["read:code"]);
/// # let read: ToolPolicy = serde_json::from_value(serde_json::json!(
/// #     {"rate": "100/min", "timeout": "5s", "concurrency": 3, "scopes": ["read:code"]})).unwrap();
/// # assert_eq!(read, policy);
/// # Ok(()) }
/// ```
///
/// In its JSON form a duration is a number of seconds or text such as `5s` or `10m`.
///
/// # Order
///
/// A call passes these in turn, and the first that stops it gives its output:
///
/// 1. **Scopes.** Without all of them it is [`Denied`](crate::ToolStatus::Denied).
/// 2. **Arguments.** They must fit the schema: [`InvalidArguments`](crate::ToolStatus::InvalidArguments).
/// 3. **Rate.** It waits for its turn, or is [`RateLimited`](crate::ToolStatus::RateLimited).
/// 4. **Concurrency.** It waits in line for a place.
/// 5. **The tool** runs.
///
/// From 3 on, the timeout counts, waiting included: [`Timeout`](crate::ToolStatus::Timeout).
///
/// Time is tokio's, so that a test with a paused clock decides it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
#[non_exhaustive]
pub struct ToolPolicy {
    /// How long one call may take, with what it waits for. Default: the
    /// [`timeout`](super::Toolbox::timeout) of the toolbox.
    #[serde(with = "duration::optional", skip_serializing_if = "Option::is_none")]
    pub timeout: Option<Duration>,
    /// How often it may be called. Default: as often as anybody likes.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub rate: Option<Rate>,
    /// Whose calls share the rate. Default: all calls of the tool.
    pub rate_key: RateKey,
    /// What becomes of a call that comes faster. Default: it waits.
    pub rate_excess: RateExcess,
    /// How many calls run at once, at least 1; others wait in line. A call that cannot be stopped keeps its place until
    /// it has really ended. Default: any number.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub concurrency: Option<usize>,
    /// What a run must have been granted for each call, all of them. Default: nothing.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub scopes: Vec<String>,
    /// Whether a run that lacks scopes is not told of the tool. Default: true.
    pub hidden: bool,
}

setters!(ToolPolicy {
    rate_key: RateKey,
    rate_excess: RateExcess,
    hidden: bool;
    timeout: Duration,
    rate: Rate,
    concurrency: usize
});

impl ToolPolicy {
    /// The same with these `scopes`.
    #[must_use]
    pub fn scopes<S: Into<String>>(mut self, scopes: impl IntoIterator<Item = S>) -> Self {
        self.scopes = scopes.into_iter().map(Into::into).collect();
        self
    }

    /// Refuses what cannot be kept; `tool` is the name of the tool.
    pub(super) fn validate(&self, tool: &str) -> Result<()> {
        let refuse = |message: String| Err(Error::invalid(format!("policy of tool `{tool}`"), message));
        if self.concurrency == Some(0) {
            return refuse("expected a `concurrency` of at least 1, got 0".to_owned());
        }
        if let Some(scope) = self.scopes.iter().find(|scope| scope.trim().is_empty() || scope.contains('*')) {
            return refuse(format!("expected `scopes` to be names without `*`, got `{scope}`"));
        }
        Ok(())
    }
}

impl Default for ToolPolicy {
    fn default() -> Self {
        Self {
            timeout: None,
            rate: None,
            rate_key: RateKey::default(),
            rate_excess: RateExcess::default(),
            concurrency: None,
            scopes: Vec::new(),
            hidden: true,
        }
    }
}
