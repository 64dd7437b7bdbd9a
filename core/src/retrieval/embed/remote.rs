use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use serde::{Deserialize, Serialize};
use ureq::http::Method;

use crate::http::{Service, check_url};
use crate::retrieval::Embedder;
use crate::retrieval::blocking::blocking;
use crate::setters::setters;
use crate::{Error, Result};

/// Bytes that count as a token: fewer than most tokenizers take for one.
const TOKEN_BYTES: usize = 3;

/// Settings of a [`RemoteEmbedder`].
#[derive(Clone, PartialEq, Eq, Deserialize)]
#[serde(default, deny_unknown_fields)]
#[non_exhaustive]
pub struct RemoteEmbedderOptions {
    /// Goes with every request as a bearer token, and is never shown. Default none.
    pub api_key: Option<String>,
    /// Length of vectors that the server is asked for. Default the model's own.
    pub dimensions: Option<usize>,
    /// Tokens of a text that count, of three bytes each. Default 512.
    pub max_tokens: usize,
    /// Texts of a request. Default 64.
    pub batch: usize,
    /// What is put before every question. Default nothing.
    pub query_prompt: String,
    /// What is put before every passage. Default nothing.
    pub passage_prompt: String,
    /// How long a request may take. Default 60 s.
    pub timeout: Duration,
}

setters!(RemoteEmbedderOptions {
    max_tokens: usize,
    batch: usize,
    query_prompt: String,
    passage_prompt: String,
    timeout: Duration;
    api_key: String,
    dimensions: usize
});

impl Default for RemoteEmbedderOptions {
    fn default() -> Self {
        Self {
            api_key: None,
            dimensions: None,
            max_tokens: 512,
            batch: 64,
            query_prompt: String::new(),
            passage_prompt: String::new(),
            timeout: Duration::from_mins(1),
        }
    }
}

impl fmt::Debug for RemoteEmbedderOptions {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { api_key, dimensions, max_tokens, batch, query_prompt, passage_prompt, timeout } = self;
        formatter
            .debug_struct("RemoteEmbedderOptions")
            .field("api_key", &api_key.as_ref().map(|_secret| "…"))
            .field("dimensions", dimensions)
            .field("max_tokens", max_tokens)
            .field("batch", batch)
            .field("query_prompt", query_prompt)
            .field("passage_prompt", passage_prompt)
            .field("timeout", timeout)
            .finish()
    }
}

/// A model behind a server that speaks `OpenAI`'s protocol for embeddings (`POST /embeddings`), as Ollama, vLLM, LM Studio
/// and most clouds do.
///
/// Vectors are scaled to length 1, whatever the server gives. Tokens are counted as three bytes each, since nobody here
/// knows the model's own; a longer text is cut off before it is sent. Nothing is asked again when a request fails.
/// Redirects are not followed. Clones share their connections.
///
/// # Cancellation
///
/// Dropping the future sends no further request; the one under way ends by itself.
#[derive(Clone)]
pub struct RemoteEmbedder {
    server: Arc<Server>,
    dimensions: usize,
}

/// What a request needs.
struct Server {
    service: Service,
    url: String,
    model: String,
    name: String,
    options: RemoteEmbedderOptions,
}

#[derive(Serialize)]
struct Request<'a> {
    model: &'a str,
    input: &'a [String],
    encoding_format: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    dimensions: Option<usize>,
}

#[derive(Deserialize)]
struct Reply {
    data: Vec<Row>,
}

#[derive(Deserialize)]
struct Row {
    /// The text's place in the request; a server that leaves it out keeps their order.
    index: Option<usize>,
    embedding: Vec<f32>,
}

impl RemoteEmbedder {
    /// An embedder by the model `model` of the server at `url`, for example `https://api.openai.com/v1`. Without
    /// `dimensions` in the options, a first request finds out how long vectors are.
    ///
    /// # Errors
    ///
    /// [`Error::Invalid`] for a URL that is not of HTTP or an option out of its range; [`Error::Timeout`] or
    /// [`Error::Foreign`] if the first request fails.
    pub async fn open(url: &str, model: &str, options: RemoteEmbedderOptions) -> Result<Self> {
        check_url("URL of the embedding server", url)?;
        let sizes = [("`batch`", options.batch), ("`max_tokens`", options.max_tokens)];
        for (what, size) in sizes.into_iter().chain(options.dimensions.map(|size| ("`dimensions`", size))) {
            if size == 0 {
                return Err(Error::invalid(what, "expected at least 1, got 0"));
            }
        }
        let prompt = &options.passage_prompt;
        let name = if prompt.is_empty() { model.to_owned() } else { format!("{model} {prompt:?}") };
        let url = format!("{}/embeddings", url.trim_end_matches('/'));
        let service = Service::new("the embedding server", format!("embedder `{name}`"), options.timeout);
        let server = Arc::new(Server { service, url, model: model.to_owned(), name, options });
        let dimensions = match server.options.dimensions {
            Some(dimensions) => dimensions,
            None => Server::ask(&server, vec!["length".to_owned()]).await?.iter().map(Vec::len).sum(),
        };
        Ok(Self { server, dimensions })
    }

    async fn vectors(&self, prompt: &str, texts: Vec<String>) -> Result<Vec<Vec<f32>>> {
        let sent: Vec<String> = texts.iter().map(|text| self.sent(prompt, text)).collect();
        let mut vectors = Vec::with_capacity(sent.len());
        for batch in sent.chunks(self.server.options.batch) {
            vectors.extend(Server::ask(&self.server, batch.to_vec()).await?);
        }
        match vectors.iter().find(|vector| vector.len() != self.dimensions) {
            Some(vector) => {
                let message = format!("expected {} dimensions, got {}", self.dimensions, vector.len());
                Err(self.server.service.failed(message))
            }
            None => Ok(vectors),
        }
    }

    /// What is sent for a text: its beginning, and never nothing, which servers refuse.
    fn sent(&self, prompt: &str, text: &str) -> String {
        let end = text.floor_char_boundary(self.max_tokens().saturating_mul(TOKEN_BYTES));
        let sent = format!("{prompt}{}", &text[..end]);
        if sent.is_empty() { " ".to_owned() } else { sent }
    }
}

impl Server {
    /// The vectors of texts, each of length 1, in one request on a thread that may block.
    async fn ask(server: &Arc<Self>, texts: Vec<String>) -> Result<Vec<Vec<f32>>> {
        let server = Arc::clone(server);
        blocking("remote embedder", move || server.post(&texts)).await
    }

    fn post(&self, texts: &[String]) -> Result<Vec<Vec<f32>>> {
        let Self { service, model, options, .. } = self;
        let request =
            Request { model, input: texts, encoding_format: "float", dimensions: options.dimensions };
        let body = serde_json::to_string(&request).map_err(|error| service.failed(error))?;
        let key = options.api_key.as_ref().map(|key| ("Authorization", format!("Bearer {key}")));
        let reply = service.send(Service::request(Method::POST, &self.url, key), Some(body))?;
        let reply = service.success(reply)?;
        let mut rows = serde_json::from_str::<Reply>(&reply).map_err(|error| service.failed(error))?.data;
        if rows.len() != texts.len() {
            return Err(service.failed(format!("expected {} vectors, got {}", texts.len(), rows.len())));
        }
        rows.sort_by_key(|row| row.index);
        rows.into_iter().map(|row| self.unit(row.embedding)).collect()
    }

    /// The vector scaled to length 1.
    fn unit(&self, mut vector: Vec<f32>) -> Result<Vec<f32>> {
        let length = vector.iter().map(|value| f64::from(*value).powi(2)).sum::<f64>().sqrt() as f32;
        if !(length.is_finite() && length > 0.0) {
            return Err(self
                .service
                .failed(format!("expected a vector of a finite length above 0, got {length}")));
        }
        for value in &mut vector {
            *value /= length;
        }
        Ok(vector)
    }
}

#[async_trait]
impl Embedder for RemoteEmbedder {
    async fn embed(&self, texts: Vec<String>) -> Result<Vec<Vec<f32>>> {
        self.vectors(&self.server.options.passage_prompt, texts).await
    }

    async fn embed_queries(&self, texts: Vec<String>) -> Result<Vec<Vec<f32>>> {
        self.vectors(&self.server.options.query_prompt, texts).await
    }

    fn dimensions(&self) -> usize {
        self.dimensions
    }

    fn max_tokens(&self) -> usize {
        self.server.options.max_tokens
    }

    fn count_tokens(&self, text: &str) -> Result<usize> {
        Ok(text.len().div_ceil(TOKEN_BYTES))
    }

    fn name(&self) -> &str {
        &self.server.name
    }
}

impl fmt::Debug for RemoteEmbedder {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("RemoteEmbedder")
            .field("name", &self.server.name)
            .field("url", &self.server.url)
            .field("dimensions", &self.dimensions)
            .finish_non_exhaustive()
    }
}
