use std::convert::Infallible;
use std::fmt;
use std::io;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use http_body_util::{BodyExt, Empty, combinators::BoxBody};
use hyper::body::{Bytes, Incoming};
use hyper::header::{AUTHORIZATION, WWW_AUTHENTICATE};
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper::{Request, Response, StatusCode};
use hyper_util::rt::{TokioIo, TokioTimer};
use rmcp::transport::streamable_http_server::session::never::NeverSessionManager;
use rmcp::transport::streamable_http_server::{StreamableHttpServerConfig, StreamableHttpService};
use rushlight::{Error, Result};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::task::{JoinHandle, JoinSet};
use tokio_util::sync::CancellationToken;

use super::McpServer;
use super::protocol::Protocol;

/// Where it is, below the address.
const PATH: &str = "/mcp";

/// Connections at once; further ones wait.
const MAX_CONNECTIONS: usize = 256;

/// How long a client may take to write the head of a request.
const HEAD: Duration = Duration::from_secs(10);

/// How long to wait after a connection that the system refuses to give.
const PAUSE: Duration = Duration::from_millis(100);

type Service = StreamableHttpService<Protocol, NeverSessionManager>;
type Reply = Response<BoxBody<Bytes, Infallible>>;

/// Where a server listens, and whom it answers.
#[derive(Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct McpHttpOptions {
    /// The address. Default `127.0.0.1:0`: this machine alone, at a free port.
    pub address: SocketAddr,
    /// The bearer token that every request has to have. Default: none. An address that other machines reach needs one.
    pub token: Option<String>,
}

impl McpHttpOptions {
    /// The same at this address.
    #[must_use]
    pub fn address(mut self, address: SocketAddr) -> Self {
        self.address = address;
        self
    }

    /// The same with this token.
    #[must_use]
    pub fn token(mut self, token: impl Into<String>) -> Self {
        self.token = Some(token.into());
        self
    }

    fn check(&self) -> Result<()> {
        if self.token.as_ref().is_some_and(String::is_empty) {
            return Err(Error::invalid("token", "expected one that is not empty"));
        }
        if self.token.is_none() && !self.address.ip().is_loopback() {
            let message =
                format!("expected a token with an address that other machines reach, got {}", self.address);
            return Err(Error::invalid("address", message));
        }
        Ok(())
    }
}

impl Default for McpHttpOptions {
    fn default() -> Self {
        Self { address: SocketAddr::from((Ipv4Addr::LOCALHOST, 0)), token: None }
    }
}

/// The token is a secret.
impl fmt::Debug for McpHttpOptions {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut shown = formatter.debug_struct("McpHttpOptions");
        shown.field("address", &self.address).field("has_token", &self.token.is_some()).finish()
    }
}

/// A server that listens until this is dropped.
#[derive(Debug)]
#[must_use]
pub struct McpHttpServer {
    address: SocketAddr,
    task: JoinHandle<()>,
}

impl McpHttpServer {
    /// Where it listens.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// What clients are told: `http://127.0.0.1:PORT/mcp`.
    pub fn url(&self) -> String {
        format!("http://{}{PATH}", self.address)
    }

    /// Stops listening. Calls that run are dropped.
    pub async fn close(mut self) {
        self.task.abort();
        _ = (&mut self.task).await;
    }
}

impl Drop for McpHttpServer {
    fn drop(&mut self) {
        self.task.abort();
    }
}

impl McpServer {
    /// Serves whoever connects over HTTP, without TLS. A call is dropped when its client goes away.
    ///
    /// Requests of web pages are refused, and on an address of this machine those for another host's name, so that no page
    /// reaches it through a browser. Needs a tokio runtime, on which it goes on.
    ///
    /// # Errors
    ///
    /// [`Error::Invalid`]: two tools have one name, or other machines could connect without a token. [`Error::Io`]: the
    /// address cannot be had. [`Error::Foreign`]: a tool cannot tell its [choices](rushlight::Choices).
    pub async fn serve_http(self, options: McpHttpOptions) -> Result<McpHttpServer> {
        options.check()?;
        self.check().await?;
        let failed = |source| Error::io("listen at", options.address.to_string(), source);
        let listener = TcpListener::bind(options.address).await.map_err(failed)?;
        let address = listener.local_addr().map_err(failed)?;
        let stopped = CancellationToken::new();
        let door = Arc::new(Door {
            service: service(self, address, stopped.clone()),
            expected: options.token.map(|token| format!("Bearer {token}")),
        });
        let task = tokio::spawn(async move {
            let _stop = stopped.drop_guard();
            listen(listener, door).await;
        });
        Ok(McpHttpServer { address, task })
    }
}

fn service(server: McpServer, address: SocketAddr, stopped: CancellationToken) -> Service {
    let config = StreamableHttpServerConfig::default()
        .with_legacy_session_mode(false)
        .with_json_response(true)
        .with_cancellation_token(stopped)
        .enforce_origin_validation();
    let config = if address.ip().is_loopback() { config } else { config.disable_allowed_hosts() };
    let protocol = Protocol::new(server);
    StreamableHttpService::new(move || Ok(protocol.clone()), Arc::default(), config)
}

/// Takes connections until it is dropped, and they with it.
async fn listen(listener: TcpListener, door: Arc<Door>) {
    let places = Arc::new(Semaphore::new(MAX_CONNECTIONS));
    let mut connections = JoinSet::new();
    while let Ok(place) = Arc::clone(&places).acquire_owned().await {
        match listener.accept().await {
            Ok((stream, _)) => _ = connections.spawn(Arc::clone(&door).welcome(stream, place)),
            Err(error) => pause_after(&error).await,
        }
        while connections.try_join_next().is_some() {}
    }
}

/// A system without free files gives no connections for a while.
async fn pause_after(error: &io::Error) {
    tracing::warn!(%error, "an MCP server got no connection");
    tokio::time::sleep(PAUSE).await;
}

/// Lets in who has the token.
struct Door {
    service: Service,
    /// What the header has to be.
    expected: Option<String>,
}

impl Door {
    async fn welcome(self: Arc<Self>, stream: TcpStream, _place: OwnedSemaphorePermit) {
        let service = service_fn(move |request| {
            let door = Arc::clone(&self);
            async move { Ok::<_, Infallible>(door.answer(request).await) }
        });
        let mut connection = http1::Builder::new();
        connection.timer(TokioTimer::new()).header_read_timeout(HEAD);
        if let Err(error) = connection.serve_connection(TokioIo::new(stream), service).await {
            tracing::debug!(%error, "a connection to an MCP server broke");
        }
    }

    async fn answer(&self, request: Request<Incoming>) -> Reply {
        if request.uri().path() != PATH {
            return refusal(StatusCode::NOT_FOUND);
        }
        let given = request.headers().get(AUTHORIZATION).map(hyper::header::HeaderValue::as_bytes);
        match &self.expected {
            Some(expected) if !is_same(given.unwrap_or_default(), expected.as_bytes()) => {
                let mut refusal = refusal(StatusCode::UNAUTHORIZED);
                refusal
                    .headers_mut()
                    .insert(WWW_AUTHENTICATE, hyper::header::HeaderValue::from_static("Bearer"));
                refusal
            }
            _ => self.service.handle(request).await,
        }
    }
}

fn refusal(status: StatusCode) -> Reply {
    let mut refusal = Response::new(Empty::new().boxed());
    *refusal.status_mut() = status;
    refusal
}

/// Compares in a time that does not tell where the first difference is.
fn is_same(given: &[u8], expected: &[u8]) -> bool {
    let differences =
        given.iter().zip(expected).fold(0, |differences, (given, expected)| differences | (given ^ expected));
    given.len() == expected.len() && differences == 0
}
