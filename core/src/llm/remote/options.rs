use std::collections::BTreeMap;
use std::fmt;
use std::time::Duration;

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use ureq::http::{HeaderName, HeaderValue};

use super::body::OWN_FIELDS;
use crate::setters::setters;
use crate::{Error, Result, duration};

/// Settings of a [`RemoteLlm`](crate::RemoteLlm). In JSON, times are numbers of seconds, or text such as `30s`.
#[derive(Clone, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
#[non_exhaustive]
pub struct RemoteLlmOptions {
    /// Goes with every request as a bearer token, and is never shown or written. Default none.
    #[serde(skip_serializing)]
    pub api_key: Option<String>,
    /// Further headers of every request, by name; their values are never shown. Default none.
    pub headers: BTreeMap<String, String>,
    /// Further fields of every request, as `reasoning_effort`: none of those that a prompt makes. Default none.
    pub extra: Map<String, Value>,
    /// What the server understands beside what all do. Default [`Dialect::Common`].
    pub dialect: Dialect,
    /// How many tokens prompt and answer may have together, of four bytes each. Default 32 768.
    pub context_window: usize,
    /// How long a generation may take, until its last piece is read. Default 5 min.
    #[serde(with = "duration")]
    pub timeout: Duration,
    /// How long the server may be silent, before the first piece and between two. Default 1 min.
    #[serde(with = "duration")]
    pub idle_timeout: Duration,
    /// How often a request is sent again that found no server, or one that cannot answer now. Default 2.
    pub retries: u32,
}

setters!(RemoteLlmOptions {
    headers: BTreeMap<String, String>,
    extra: Map<String, Value>,
    dialect: Dialect,
    context_window: usize,
    timeout: Duration,
    idle_timeout: Duration,
    retries: u32;
    api_key: String
});

/// What a server of `OpenAI`'s protocol understands beside what all do.
///
/// What a dialect has no word for must stay at its default in the [`Sampling`](crate::Sampling) of a prompt, and is as the
/// server likes it; another value is refused.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Dialect {
    /// Nothing: there is no word for `top_k`, `min_p` and `repetition_penalty`.
    #[default]
    Common,
    /// As `Common`, but the limit of output tokens is called `max_completion_tokens`, and `temperature` and `top_p` are left
    /// out where they are 1: for `OpenAI`'s own service.
    OpenAi,
    /// All of a [`Sampling`](crate::Sampling): for vLLM, llama.cpp, mistral.rs and the like.
    Extended,
}

impl Default for RemoteLlmOptions {
    fn default() -> Self {
        Self {
            api_key: None,
            headers: BTreeMap::new(),
            extra: Map::new(),
            dialect: Dialect::default(),
            context_window: 32_768,
            timeout: Duration::from_mins(5),
            idle_timeout: Duration::from_mins(1),
            retries: 2,
        }
    }
}

impl RemoteLlmOptions {
    /// Checks that the options can be kept.
    ///
    /// # Errors
    ///
    /// [`Error::Invalid`] that names the option; it quotes neither the key nor the value of a header.
    pub fn validate(&self) -> Result<()> {
        if self.context_window == 0 {
            return Err(Error::invalid("`context_window`", "expected at least 1, got 0"));
        }
        for (what, time) in [("`timeout`", self.timeout), ("`idle_timeout`", self.idle_timeout)] {
            if time.is_zero() {
                return Err(Error::invalid(what, "expected more than 0 s, got 0 s"));
            }
        }
        if let Some(name) = self.extra.keys().find(|name| OWN_FIELDS.contains(&name.as_str())) {
            return Err(Error::invalid(
                "`extra`",
                format!("expected fields that no prompt makes, got `{name}`"),
            ));
        }
        self.sent_headers().map(drop)
    }

    /// The headers of every request.
    pub(super) fn sent_headers(&self) -> Result<Vec<(HeaderName, HeaderValue)>> {
        let key = self
            .api_key
            .as_ref()
            .map(|key| ("authorization", format!("Bearer {key}"), "`api_key`".to_owned()));
        let given = self
            .headers
            .iter()
            .map(|(name, value)| (name.as_str(), value.clone(), format!("value of the header `{name}`")));
        key.into_iter()
            .chain(given)
            .map(|(name, value, what)| {
                let header = HeaderName::from_bytes(name.as_bytes()).map_err(|_| {
                    Error::invalid("`headers`", format!("expected names of headers, got `{name}`"))
                })?;
                let value = HeaderValue::from_str(&value)
                    .map_err(|_| Error::invalid(what, "expected visible characters of ASCII, got others"))?;
                Ok((header, value))
            })
            .collect()
    }
}

impl fmt::Debug for RemoteLlmOptions {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { api_key, headers, extra, dialect, context_window, timeout, idle_timeout, retries } = self;
        formatter
            .debug_struct("RemoteLlmOptions")
            .field("api_key", &api_key.as_ref().map(|_secret| "…"))
            .field("headers", &headers.keys())
            .field("extra", extra)
            .field("dialect", dialect)
            .field("context_window", context_window)
            .field("timeout", timeout)
            .field("idle_timeout", idle_timeout)
            .field("retries", retries)
            .finish()
    }
}
