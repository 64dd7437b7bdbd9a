use std::time::Duration;

use jiff::Timestamp;
use jiff::fmt::rfc2822;
use serde_json::Value;
use ureq::http::header::RETRY_AFTER;
use ureq::http::{HeaderMap, StatusCode};

use super::model::Server;
use crate::Error;
use crate::error::{RetryAfter, Source, backoff};
use crate::http::{Interruption, reason};

/// When a server may have recovered that does not say when.
const SOON: Duration = Duration::from_secs(1);
/// Bytes of what a server says, in the message of an error.
const SHOWN: usize = 500;
/// Shorter secrets are none.
const SECRET: usize = 4;
/// What servers call a prompt that is too long for their model.
const TOO_LONG: [&str; 6] = [
    "context_length_exceeded",
    "exceed_context_size_error",
    "maximum context length",
    "context size",
    "context window",
    "prompt is too long",
];

/// Why there is no answer, or no end of it.
pub(super) enum Failure {
    /// The same request would fail again.
    Lasting(Error),
    /// The same request may succeed, after this time if the server says when.
    Passing { after: Option<Duration>, source: Source },
}

impl Failure {
    pub(super) fn passing(source: impl Into<Source>) -> Self {
        Self::Passing { after: None, source: source.into() }
    }

    /// How long to wait before the request is sent again, after `retries` others; none if that would not help.
    pub(super) fn pause(&self, retries: u32) -> Option<Duration> {
        match self {
            Self::Lasting(_) => None,
            Self::Passing { after, .. } => Some(after.unwrap_or_else(|| backoff(retries))),
        }
    }

    /// The error of a model of this name.
    pub(super) fn error(self, model: &str) -> Error {
        match self {
            Self::Lasting(error) => error,
            Self::Passing { after, source } => {
                let source = RetryAfter::new(after.unwrap_or(SOON), source).into();
                Error::Model { model: model.to_owned(), source }
            }
        }
    }
}

impl Server {
    /// What a refusal means; `tokens` is how long the prompt was thought to be.
    pub(super) fn refused(
        &self,
        status: StatusCode,
        after: Option<Duration>,
        reply: &str,
        tokens: usize,
        elapsed: Duration,
    ) -> Failure {
        let is_too_long =
            status == StatusCode::PAYLOAD_TOO_LARGE || (status.is_client_error() && says(reply, &TOO_LONG));
        if is_too_long {
            return Failure::Lasting(self.too_long(reply, tokens));
        }
        let name = &self.name;
        let message = format!("status {}: {}", status.as_u16(), self.shown(&reason(reply)));
        let passing = |message: String| Failure::Passing { after, source: message.into() };
        match status {
            StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN => {
                Failure::Lasting(Error::invalid(format!("`api_key` for `{name}`"), message))
            }
            StatusCode::NOT_FOUND => Failure::Lasting(Error::Unknown {
                what: "remote model",
                name: name.clone(),
                known: format!("those that the server has ({message})"),
            }),
            StatusCode::REQUEST_TIMEOUT | StatusCode::GATEWAY_TIMEOUT => {
                Failure::Lasting(Error::Timeout { what: "the model server", after: elapsed })
            }
            StatusCode::TOO_MANY_REQUESTS if !says(reply, &["insufficient_quota"]) => passing(message),
            StatusCode::TOO_MANY_REQUESTS | StatusCode::NOT_IMPLEMENTED => self.failed(message),
            status if status.is_server_error() => passing(message),
            status if status.is_client_error() => {
                Failure::Lasting(Error::invalid(format!("request to `{name}`"), message))
            }
            _ => self.failed(message),
        }
    }

    /// What an error within an answer means.
    pub(super) fn told(&self, error: &Value, tokens: usize) -> Failure {
        let code = ["/error/code", "/code", "/error/status"].iter().find_map(|place| {
            let code = u16::try_from(error.pointer(place)?.as_u64()?).ok()?;
            StatusCode::from_u16(code).ok().filter(|code| code.is_client_error() || code.is_server_error())
        });
        match code {
            Some(code) => self.refused(code, None, &error.to_string(), tokens, Duration::ZERO),
            None => {
                self.failed(format!("it broke its answer off: {}", self.shown(&reason(&error.to_string()))))
            }
        }
    }

    pub(super) fn interrupted(&self, interruption: Interruption) -> Failure {
        match interruption {
            Interruption::Late(after) => Failure::Lasting(Error::Timeout { what: "the model server", after }),
            Interruption::Broken(ureq::Error::Timeout(_)) => {
                let after = self.options.timeout;
                Failure::Lasting(Error::Timeout { what: "the model server", after })
            }
            Interruption::Broken(error @ (ureq::Error::Io(_) | ureq::Error::ConnectionFailed)) => {
                Failure::passing(error)
            }
            Interruption::Broken(error) => {
                Failure::Lasting(Error::Model { model: self.name.clone(), source: error.into() })
            }
        }
    }

    /// A failure that would be one again.
    pub(super) fn failed(&self, message: impl Into<String>) -> Failure {
        let source = self.shown(&message.into()).into();
        Failure::Lasting(Error::Model { model: self.name.clone(), source })
    }

    /// What a server said, without secrets, cut off if it is long.
    fn shown(&self, text: &str) -> String {
        let secrets = self.options.api_key.iter().chain(self.options.headers.values());
        let hide = |text: String, secret: &String| text.replace(secret.as_str(), "…");
        let text = secrets.filter(|secret| secret.len() >= SECRET).fold(text.to_owned(), hide);
        text[..text.floor_char_boundary(SHOWN)].to_owned()
    }

    /// The lengths that a refusal tells, or else those that were thought of.
    fn too_long(&self, reply: &str, tokens: usize) -> Error {
        let value: Value = serde_json::from_str(reply).unwrap_or_default();
        let field = |name: &str| usize::try_from(value.pointer(&format!("/error/{name}"))?.as_u64()?).ok();
        let told = field("n_ctx").zip(field("n_prompt_tokens")).or_else(|| {
            let words = reason(reply);
            let mut numbers = words
                .split(|character: char| !character.is_ascii_digit())
                .filter_map(|word| word.parse().ok());
            let limit: usize = numbers.next()?;
            Some((limit, numbers.max()?))
        });
        let window = self.options.context_window;
        let (limit, got) =
            told.filter(|(limit, got)| got > limit).unwrap_or((window, tokens.max(window + 1)));
        Error::ContextTooLong { limit, got }
    }
}

/// Whether a reply has one of these words.
fn says(reply: &str, words: &[&str]) -> bool {
    let reply = reply.to_ascii_lowercase();
    words.iter().any(|word| reply.contains(word))
}

/// When a server wants to be asked again: after so many seconds, or at a time (RFC 9110, 10.2.3).
pub(super) fn retry_after(headers: &HeaderMap) -> Option<Duration> {
    let text = headers.get(RETRY_AFTER)?.to_str().ok()?.trim();
    if let Ok(seconds) = text.parse() {
        return Duration::try_from_secs_f64(seconds).ok();
    }
    let time = rfc2822::parse(text).ok()?.timestamp();
    Some(Duration::try_from(time.duration_since(Timestamp::now())).unwrap_or_default())
}
