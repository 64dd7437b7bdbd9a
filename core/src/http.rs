//! Asking remote services.

#[cfg(feature = "remote")]
mod events;
#[cfg(feature = "remote")]
mod stream;

use std::time::Duration;

use serde_json::Value;
use ureq::config::ConfigBuilder;
use ureq::http::header::CONTENT_TYPE;
use ureq::http::request::Builder;
use ureq::http::{Method, Request, Response, StatusCode};
use ureq::typestate::AgentScope;
use ureq::{Agent, Body};

#[cfg(feature = "remote")]
pub(crate) use self::events::EventReader;
#[cfg(feature = "remote")]
pub(crate) use self::stream::{Interruption, StreamedReply, StreamingService};
use crate::{Error, Result};

/// Bytes of a reply that are read at most: a few thousand of the longest vectors, or some million ids with scores.
const MAX_REPLY: u64 = 256 << 20;

/// Characters of a reply that is no JSON, in the message of an error.
const MAX_QUOTED: usize = 200;

/// A service and how it is asked, on a thread that may block: nothing is followed elsewhere or asked again, and nothing
/// takes longer than its timeout. Clones share their connections.
#[derive(Clone)]
pub(crate) struct Service {
    agent: Agent,
    /// What did not answer in time.
    what: &'static str,
    /// What failed, with its name.
    name: String,
    timeout: Duration,
}

/// What a service answers.
pub(crate) struct Reply {
    pub(crate) status: StatusCode,
    text: String,
}

impl Service {
    pub(crate) fn new(what: &'static str, name: String, timeout: Duration) -> Self {
        Self { agent: config(timeout).build().new_agent(), what, name, timeout }
    }

    /// A request; `secret` is a header with its value.
    pub(crate) fn request(method: Method, url: &str, secret: Option<(&str, String)>) -> Builder {
        let request = Request::builder().method(method).uri(url).header(CONTENT_TYPE, "application/json");
        match secret {
            Some((header, value)) => request.header(header, value),
            None => request,
        }
    }

    /// The answer to a request, whose body is left out if there is none to send.
    pub(crate) fn send(&self, request: Builder, body: Option<String>) -> Result<Reply> {
        let answer = match body {
            Some(body) => self.agent.run(request.body(body).map_err(|error| self.failed(error))?),
            None => self.agent.run(request.body(()).map_err(|error| self.failed(error))?),
        };
        answer.and_then(read).map_err(|error| match error {
            ureq::Error::Timeout(_) => Error::Timeout { what: self.what, after: self.timeout },
            error => self.failed(error),
        })
    }

    /// The text of an answer, if it says that all went well.
    pub(crate) fn success(&self, reply: Reply) -> Result<String> {
        if reply.status.is_success() {
            return Ok(reply.text);
        }
        Err(self.failed(format!("status {}: {}", reply.status.as_u16(), reason(&reply.text))))
    }

    pub(crate) fn failed(&self, source: impl Into<crate::error::Source>) -> Error {
        Error::Foreign { what: self.name.clone(), source: source.into() }
    }
}

/// Refuses what is no URL of HTTP; `what` names it.
pub(crate) fn check_url(what: &str, url: &str) -> Result<()> {
    if ["http://", "https://"].iter().any(|scheme| url.starts_with(scheme)) {
        return Ok(());
    }
    let message = format!("expected one that begins with `http://` or `https://`, got `{url}`");
    Err(Error::invalid(what, message))
}

/// How services are asked: nothing is followed elsewhere, and a refusal is an answer.
fn config(timeout: Duration) -> ConfigBuilder<AgentScope> {
    Agent::config_builder()
        .timeout_global(Some(timeout))
        .max_redirects(0)
        .http_status_as_error(false)
        .user_agent(concat!("rushlight/", env!("CARGO_PKG_VERSION")))
}

fn read(mut answer: Response<Body>) -> Result<Reply, ureq::Error> {
    let text = answer.body_mut().with_config().limit(MAX_REPLY).read_to_string()?;
    Ok(Reply { status: answer.status(), text })
}

/// What a service says about a request that it refuses: its message, where services have it, or the beginning of what
/// it sent.
pub(crate) fn reason(reply: &str) -> String {
    let parsed: Value = serde_json::from_str(reply).unwrap_or_default();
    let places = ["/error/message", "/error", "/status/error"];
    match places.iter().find_map(|place| parsed.pointer(place)?.as_str()) {
        Some(message) => message.to_owned(),
        None => reply[..reply.floor_char_boundary(MAX_QUOTED)].to_owned(),
    }
}
