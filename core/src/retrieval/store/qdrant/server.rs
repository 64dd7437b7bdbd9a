use std::sync::Arc;

use serde::Serialize;
use serde_json::Value;
use ureq::http::{Method, StatusCode};

use super::QdrantOptions;
use crate::http::{Service, check_url};
use crate::retrieval::blocking::blocking;
use crate::{Error, Result};

/// A Qdrant server and how it is asked.
pub(super) struct Server {
    service: Service,
    url: String,
    api_key: Option<String>,
}

impl Server {
    pub(super) fn new(url: &str, options: &QdrantOptions) -> Result<Self> {
        check_url("URL of Qdrant", url)?;
        let name = format!("Qdrant's collection `{}`", options.collection);
        let service = Service::new("Qdrant", name, options.timeout);
        let url = format!("{}/collections/{}", url.trim_end_matches('/'), options.collection);
        Ok(Self { service, url, api_key: options.api_key.clone() })
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
        blocking("Qdrant", move || server.send(method, path, body)).await
    }

    fn send(&self, method: Method, path: &str, body: String) -> Result<Option<Value>> {
        let body = (method != Method::GET).then_some(body);
        let key = self.api_key.as_ref().map(|key| ("api-key", key.clone()));
        let request = Service::request(method, &format!("{}{path}", self.url), key);
        let reply = self.service.send(request, body)?;
        if reply.status == StatusCode::NOT_FOUND {
            return Ok(None);
        }
        let reply = self.service.success(reply)?;
        let mut reply: Value = serde_json::from_str(&reply).map_err(|error| self.failed(error))?;
        Ok(Some(reply["result"].take()))
    }

    pub(super) fn failed(&self, source: impl Into<crate::error::Source>) -> Error {
        self.service.failed(source)
    }
}
