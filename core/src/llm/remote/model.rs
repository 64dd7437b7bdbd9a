use std::fmt;
use std::sync::Arc;

use async_trait::async_trait;
use tokio::time::{Instant, sleep};
use ureq::http::header::{ACCEPT, CONTENT_TYPE};
use ureq::http::{HeaderName, HeaderValue, Request, Uri};

use super::RemoteLlmOptions;
use super::body::RequestBody;
use super::failure::{Failure, retry_after};
use super::generation::Generation;
use crate::duration::NEVER;
use crate::http::{StreamedReply, StreamingService, check_url};
use crate::llm::{DeltaStream, Llm, Prompt};
use crate::{Error, Result};

/// Bytes that count as a token. Where a text has more tokens than that, the server says that it is too long.
const TOKEN_BYTES: usize = 4;
/// Bytes that are read of a refusal.
const MAX_REFUSAL: usize = 64 << 10;
const URL: &str = "URL of the model server";

/// A model behind a server that speaks `OpenAI`'s protocol for chat completions (`POST /chat/completions`), as vLLM,
/// llama.cpp, mistral.rs, Ollama and most clouds do.
///
/// ```no_run
/// use rushlight::{AgentExt, Assistant, RemoteLlm, RemoteLlmOptions};
///
/// # #[tokio::main] async fn main() -> rushlight::Result<()> {
/// let llm = RemoteLlm::new("http://127.0.0.1:8000/v1", "Qwen/Qwen3-8B", RemoteLlmOptions::default())?;
/// let assistant = Assistant::builder(llm).instructions("You answer in one sentence.").build()?;
/// println!("{}", assistant.ask("What is a rushlight?").await?.text);
/// # Ok(()) }
/// ```
///
/// # Behaviour
///
/// - Of a [`Prompt`], `chunks`, `citable`, `call_threshold` and `priority` are passed over: there is no word for them. For
///   [`Sampling`](crate::Sampling), see [`Dialect`](crate::llm::Dialect).
/// - Text is handed on as it comes; calls are whole. Arguments that are no JSON object are handed on as text, for the tools
///   to refuse. A call without an id, or with that of an earlier one, gets one. What a model thinks before it answers is no
///   part of the text.
/// - Tokens are counted as four bytes each, since nobody here knows the model's own; the server has the last word. Usage is
///   the server's, or counted so if it tells none.
/// - An answer that ends neither with a finish reason nor with `[DONE]`, or with another reason than the protocol's, is an
///   error, as one beyond 64 MiB, an event beyond 16 MiB, and more than 128 calls.
/// - Redirects are not followed. Clones share their connections.
///
/// # Errors
///
/// What a server refuses is [`Error::Invalid`] (400, 401, 403 and other mistakes of a request), [`Error::Unknown`] (404),
/// [`Error::ContextTooLong`] (a prompt that it calls too long, 413), [`Error::Timeout`] (408, 504), or else [`Error::Model`].
/// 429, other codes from 500 on, and a connection that fails [may pass](Error::is_retryable): such a request is sent again
/// as often as the options admit, after the time that the server names, or pauses that double from 0.2 s on, unless
/// nothing would be left of the time. An answer that has begun is never asked for again. Messages quote what the server
/// says, without secrets.
///
/// # Cancellation
///
/// Dropping the future or the stream closes the connection at once.
#[derive(Clone)]
pub struct RemoteLlm {
    server: Arc<Server>,
}

/// What a request needs.
pub(super) struct Server {
    service: StreamingService,
    /// Where completions are.
    url: String,
    model: String,
    /// Who answers, in errors and keys.
    pub(super) name: String,
    pub(super) options: RemoteLlmOptions,
    headers: Vec<(HeaderName, HeaderValue)>,
}

impl RemoteLlm {
    /// The model `model` of the server at `url`, for example `http://127.0.0.1:8000/v1`. Nobody is asked yet.
    ///
    /// # Errors
    ///
    /// [`Error::Invalid`] for a URL that is not of HTTP or has a password in it, and those of
    /// [`RemoteLlmOptions::validate`].
    pub fn new(url: &str, model: &str, options: RemoteLlmOptions) -> Result<Self> {
        options.validate()?;
        check_url(URL, url)?;
        let base = url.trim_end_matches('/');
        let url = format!("{base}/chat/completions");
        let uri: Uri =
            url.parse().map_err(|error| Error::invalid(URL, format!("expected a URL: {error}")))?;
        if uri.authority().is_some_and(|authority| authority.as_str().contains('@')) {
            return Err(Error::invalid(URL, "expected one without a name and a password, got one with them"));
        }
        let mut name = format!("{model} at {base}");
        if !options.extra.is_empty() {
            let extra = serde_json::Value::from(options.extra.clone());
            name = format!("{name} with {extra}");
        }
        let (timeout, silence) = (options.timeout.min(NEVER), options.idle_timeout.min(NEVER));
        let service = StreamingService::new(timeout, silence);
        let headers = options.sent_headers()?;
        let server = Server { service, url, model: model.to_owned(), name, options, headers };
        Ok(Self { server: Arc::new(server) })
    }
}

impl Server {
    /// The beginning of an answer; sends the request again while that may help.
    async fn ask(&self, body: &str, tokens: usize) -> Result<(StreamedReply, bool)> {
        let end = Instant::now() + self.options.timeout.min(NEVER);
        let mut retries = 0;
        loop {
            let failure = match self.ask_once(body, tokens, end).await {
                Ok(reply) => return Ok(reply),
                Err(failure) => failure,
            };
            let left = end.saturating_duration_since(Instant::now());
            match failure.pause(retries).filter(|pause| *pause < left && retries < self.options.retries) {
                Some(pause) => {
                    retries += 1;
                    tracing::warn!(model = self.name, retries, ?pause, "the model server is asked again");
                    sleep(pause).await;
                }
                None => return Err(failure.error(&self.name)),
            }
        }
    }

    /// The beginning of a reply that is an answer, and whether that comes in one piece.
    async fn ask_once(
        &self,
        body: &str,
        tokens: usize,
        end: Instant,
    ) -> Result<(StreamedReply, bool), Failure> {
        let started = Instant::now();
        let request = self.request(body).map_err(|error| self.failed(error.to_string()))?;
        let reply = self.service.ask(request, end).await;
        let reply = reply.map_err(|interruption| self.interrupted(interruption))?;
        if !reply.status.is_success() {
            let (status, after) = (reply.status, retry_after(&reply.headers));
            let text = beginning(reply).await;
            return Err(self.refused(status, after, &text, tokens, started.elapsed()));
        }
        let content_type = reply.headers.get(CONTENT_TYPE).map(HeaderValue::as_bytes);
        let content_type =
            String::from_utf8_lossy(content_type.unwrap_or(b"text/event-stream")).to_lowercase();
        match content_type.split(';').next().unwrap_or_default().trim() {
            "text/event-stream" => Ok((reply, false)),
            "application/json" => Ok((reply, true)),
            other => {
                let text = beginning(reply).await;
                Err(self.failed(format!("expected `text/event-stream` or JSON, got `{other}`: {text}")))
            }
        }
    }

    fn request(&self, body: &str) -> ureq::http::Result<Request<String>> {
        let mut request = Request::post(&self.url)
            .header(CONTENT_TYPE, "application/json")
            .header(ACCEPT, "text/event-stream, application/json");
        for (name, value) in &self.headers {
            request = request.header(name, value);
        }
        request.body(body.to_owned())
    }
}

/// How a reply begins that is no answer, as far as it comes.
async fn beginning(mut reply: StreamedReply) -> String {
    let mut bytes = Vec::new();
    while bytes.len() < MAX_REFUSAL
        && let Ok(Some(piece)) = reply.next().await
    {
        bytes.extend(piece);
    }
    reply.finish();
    bytes.truncate(MAX_REFUSAL);
    String::from_utf8_lossy(&bytes).into_owned()
}

/// How many tokens so many bytes may be.
pub(super) fn token_estimate(bytes: usize) -> usize {
    bytes.div_ceil(TOKEN_BYTES)
}

/// How many tokens a prompt may have.
fn prompt_tokens(prompt: &Prompt) -> usize {
    let messages = prompt.messages.iter().map(|message| {
        let calls = message.tool_calls.iter();
        let calls = calls.map(|call| call.name.len() + call.arguments.to_string().len());
        message.content.len() + calls.sum::<usize>()
    });
    let tools = prompt.offered_tools().iter();
    let tools =
        tools.map(|tool| tool.name.len() + tool.description.len() + tool.parameters.to_string().len());
    token_estimate(messages.chain(tools).sum())
}

#[async_trait]
impl Llm for RemoteLlm {
    async fn generate(&self, prompt: Prompt) -> Result<DeltaStream> {
        prompt.validate()?;
        let Server { model, options, .. } = &*self.server;
        let (limit, got) = (options.context_window, prompt_tokens(&prompt));
        let left = limit.checked_sub(got).ok_or(Error::ContextTooLong { limit, got })?;
        let body = RequestBody::new(model, &prompt, left, options.dialect, &options.extra)?;
        let body =
            serde_json::to_string(&body).map_err(|error| Error::invalid("prompt", error.to_string()))?;
        let (reply, is_whole) = self.server.ask(&body, got).await?;
        Ok(Generation::new(Arc::clone(&self.server), reply, is_whole, &prompt, got).into_deltas())
    }

    fn context_window(&self) -> usize {
        self.server.options.context_window
    }

    fn count_tokens(&self, text: &str) -> Result<usize> {
        Ok(token_estimate(text.len()))
    }

    fn name(&self) -> &str {
        &self.server.name
    }
}

impl fmt::Debug for RemoteLlm {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("RemoteLlm")
            .field("name", &self.server.name)
            .field("options", &self.server.options)
            .finish_non_exhaustive()
    }
}
