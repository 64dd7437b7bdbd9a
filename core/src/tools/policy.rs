//! What keeps one tool in check.

mod breaker;
mod bucket;
mod memo;
mod rate;
mod retry;

use std::time::Duration;

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

pub(super) use breaker::Breaker;
pub use breaker::CircuitBreaker;
pub(super) use bucket::Buckets;
pub use memo::ResultCache;
pub(super) use memo::{Entry, Memo};
pub use rate::{Rate, RateExcess, RateKey};
pub(super) use retry::pause;

use crate::setters::setters;
use crate::{Error, Result, duration, setters};

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
/// 3. **Dry run.** What would run, by the tool's [own rules](super::Tool::preview), is the output:
///    [`DryRun`](crate::ToolStatus::DryRun).
/// 4. **Cache.** A value that was kept is the output, and nothing else happens.
/// 5. **Approval.** A call that is refused is [`Denied`](crate::ToolStatus::Denied).
/// 6. **Breaker.** While it is open, the call is [`Unavailable`](crate::ToolStatus::Unavailable).
/// 7. **Rate.** It waits for its turn, or is [`RateLimited`](crate::ToolStatus::RateLimited).
/// 8. **Concurrency.** It waits in line for a place.
/// 9. **The tool** runs.
///
/// A retry passes 6 to 9 again; between two runs a call holds no place. From 6 on, the timeout counts, waiting and retries
/// included: [`Timeout`](crate::ToolStatus::Timeout).
///
/// Time is tokio's, so that a test with a paused clock decides it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
#[non_exhaustive]
#[expect(clippy::struct_excessive_bools, reason = "each is an option on its own, off or on")]
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
    /// Whether running it twice with the same arguments does no more than running it once. A tool with a
    /// [`cache`](Self::cache) is. Default: false.
    pub idempotent: bool,
    /// How often a call that failed is made again: after the time that its error [names](crate::Error::retry_after), else
    /// after about 0.2 seconds, then twice as long each time. Only for an idempotent tool. A panic, a timeout, and an error
    /// that will not pass are not tried again. Default: 0.
    pub retries: u32,
    /// Whether, and for how long, a value is given again to calls with the same arguments, whoever makes them: for a tool
    /// whose value depends on nothing else but the filter of the run and what its [version](super::Tool::version) tells, for
    /// which values are kept apart. Default: never.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cache: Option<ResultCache>,
    /// Whether, and when, the tool is left alone because it fails. Default: never.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub breaker: Option<CircuitBreaker>,
    /// Whether the [`approver`](super::Toolbox::approver) of the toolbox is asked before each call; without one, no call
    /// runs. Default: false.
    pub approve: bool,
    /// Whether each call only says what would run. A run can be [dry](super::ToolContext::dry_run) as a whole, too.
    /// Default: false.
    pub dry_run: bool,
}

setters!(ToolPolicy {
    rate_key: RateKey,
    rate_excess: RateExcess,
    hidden: bool,
    idempotent: bool,
    retries: u32,
    approve: bool,
    dry_run: bool;
    timeout: Duration,
    rate: Rate,
    concurrency: usize,
    cache: ResultCache,
    breaker: CircuitBreaker
});

impl ToolPolicy {
    /// The same with these `scopes`.
    #[must_use]
    pub fn scopes<S: Into<String>>(mut self, scopes: impl IntoIterator<Item = S>) -> Self {
        self.scopes = scopes.into_iter().map(Into::into).collect();
        self
    }

    /// The same with these fields of its JSON form in the place of its own; `tool` is the name of the tool.
    pub(super) fn with_fields(&self, tool: &str, changes: &Map<String, Value>) -> Result<Self> {
        setters::with_fields(self, changes)
            .map_err(|error| Error::invalid(format!("policy of tool `{tool}`"), error.to_string()))
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
        if self.retries > 0 && !self.idempotent && self.cache.is_none() {
            return refuse(format!(
                "expected `idempotent` with {} `retries`: a tool that may not run twice is never run again",
                self.retries
            ));
        }
        if self.cache.as_ref().is_some_and(|cache| cache.entries == 0) {
            return refuse("expected a `cache` of at least 1 of `entries`, got 0".to_owned());
        }
        if self.breaker.as_ref().is_some_and(|breaker| breaker.failures == 0) {
            return refuse("expected a `breaker` of at least 1 of `failures`, got 0".to_owned());
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
            idempotent: false,
            retries: 0,
            cache: None,
            breaker: None,
            approve: false,
            dry_run: false,
        }
    }
}
