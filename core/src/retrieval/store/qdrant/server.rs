use std::sync::Arc;

use serde::Serialize;
use serde_json::Value;

use super::QdrantOptions;
use crate::retrieval::blocking::blocking;
use crate::{Error, Result};

/// Bytes of a reply that are read at most: some million ids with scores.
const MAX_REPLY: u64 = 256 << 20;

/// A Qdrant server and how it is asked.
pub(super) struct Server {
    agent: ureq::Agent,
    url: String,
    options: QdrantOptions,
}

/// What a request wants done.
#[derive(Debug, Clone, Copy)]
pub(super) enum Method {
    Get,
    Put,
    Post,
}

impl Server {
    pub(super) fn new(url: &str, options: &QdrantOptions) -> Result<Self> {
        if !["http://", "https://"].iter().any(|scheme| url.starts_with(scheme)) {
            let message = "expected one that begins with `http://` or `https://`";
            return Err(Error::invalid("URL of Qdrant", message));
        }
        let config = ureq::Agent::config_builder()
            .timeout_global(Some(options.timeout))
            .max_redirects(0)
            .http_status_as_error(false)
            .user_agent(concat!("rushlight/", env!("CARGO_PKG_VERSION")))
            .build();
        let url = format!("{}/collections/{}", url.trim_end_matches('/'), options.collection);
        Ok(Self { agent: config.new_agent(), url, options: options.clone() })
    }

    /// What the server answers about the collection, on a thread that may block; nothing if there is no such thing.
    pub(super) async fn ask(
        server: &Arc<Self>,
        method: Method,
        path: &'static str,
        body: &impl Serialize,
    ) -> Result<Option<Value>> {
        let body = serde_json::to_string(body).map_err(|error| server.failed(error))?;
        let server = Arc::clone(server);
        blocking("Qdrant", move || server.send(method, path, &body)).await
    }

    fn send(&self, method: Method, path: &str, body: &str) -> Result<Option<Value>> {
        let url = format!("{}{path}", self.url);
        let request = match method {
            Method::Get => self.headed(self.agent.get(&url)).call(),
            Method::Put => self.headed(self.agent.put(&url)).send(body),
            Method::Post => self.headed(self.agent.post(&url)).send(body),
        };
        let mut response = request.map_err(|error| self.unanswered(error))?;
        let status = response.status();
        let reply = response.body_mut().with_config().limit(MAX_REPLY).read_to_string();
        let reply = reply.map_err(|error| self.unanswered(error))?;
        if status.as_u16() == 404 {
            return Ok(None);
        }
        if !status.is_success() {
            return Err(self.failed(format!("status {}: {}", status.as_u16(), reason(&reply))));
        }
        let mut reply: Value = serde_json::from_str(&reply).map_err(|error| self.failed(error))?;
        Ok(Some(reply["result"].take()))
    }

    fn headed<Any>(&self, request: ureq::RequestBuilder<Any>) -> ureq::RequestBuilder<Any> {
        let request = request.header("Content-Type", "application/json");
        match &self.options.api_key {
            Some(key) => request.header("api-key", key),
            None => request,
        }
    }

    fn unanswered(&self, error: ureq::Error) -> Error {
        match error {
            ureq::Error::Timeout(_) => Error::Timeout { what: "Qdrant", after: self.options.timeout },
            error => self.failed(error),
        }
    }

    pub(super) fn failed(&self, source: impl Into<crate::error::Source>) -> Error {
        let what = format!("Qdrant's collection `{}`", self.options.collection);
        Error::Foreign { what, source: source.into() }
    }
}

/// What the server says about a request that it refuses: its message, or the beginning of what it sent.
fn reason(reply: &str) -> String {
    let parsed: Value = serde_json::from_str(reply).unwrap_or_default();
    match parsed["status"]["error"].as_str() {
        Some(message) => message.to_owned(),
        None => reply[..reply.floor_char_boundary(200)].to_owned(),
    }
}
