use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use reqwest::header::{HeaderMap, HeaderName, HeaderValue};
use reqwest::redirect::Policy;
use reqwest::{Client, Url};
use rmcp::transport::streamable_http_client::{StreamableHttpClientTransportConfig, StreamableHttpError};
use rmcp::transport::{DynamicTransportError, StreamableHttpClientTransport};
use rushlight::{Error, Result};
use rustls::crypto::ring;
use rustls::{ClientConfig, RootCertStore};

use super::{HttpEndpoint, MAX_MESSAGE};
use crate::failure::failed;

const CONNECT: Duration = Duration::from_secs(10);

/// Messages to and from a server that runs.
pub(super) fn transport(endpoint: &HttpEndpoint) -> Result<StreamableHttpClientTransport<Client>> {
    let url = checked_url(&endpoint.url)?;
    let config = StreamableHttpClientTransportConfig::with_uri(url.as_str())
        .custom_headers(headers(endpoint)?)
        .max_sse_event_size(MAX_MESSAGE)
        .max_json_response_size(MAX_MESSAGE);
    Ok(StreamableHttpClientTransport::with_client(client(&url)?, config))
}

/// What went wrong on the way: the library's own error names types of its inside, and not why a server is not reached.
pub(super) fn cause(error: &DynamicTransportError) -> &(dyn std::error::Error + 'static) {
    match error.error.downcast_ref() {
        Some(StreamableHttpError::<reqwest::Error>::Client(error)) => error,
        _ => error.error.as_ref(),
    }
}

fn checked_url(text: &str) -> Result<Url> {
    let refuse = |found: &str| {
        let message = format!("expected a URL that begins with `http://` or `https://`, got `{text}`{found}");
        Error::invalid("MCP server", message)
    };
    let url = Url::parse(text).map_err(|error| refuse(&format!(": {error}")))?;
    if matches!(url.scheme(), "http" | "https") { Ok(url) } else { Err(refuse("")) }
}

fn headers(endpoint: &HttpEndpoint) -> Result<HashMap<HeaderName, HeaderValue>> {
    let mut headers = HeaderMap::new();
    for (name, value) in &endpoint.headers {
        let refuse = |what: &str| {
            Error::invalid("header of an MCP server", format!("{what} of `{name}` is not allowed"))
        };
        let header: HeaderName = name.parse().map_err(|_| refuse("the name"))?;
        let mut value: HeaderValue = value.parse().map_err(|_| refuse("the value"))?;
        value.set_sensitive(true);
        headers.insert(header, value);
    }
    Ok(headers.into_iter().filter_map(|(name, value)| Some((name?, value))).collect())
}

/// A client that follows nothing elsewhere; what is on this machine is asked without a proxy.
fn client(url: &Url) -> Result<Client> {
    let certificates = RootCertStore { roots: webpki_roots::TLS_SERVER_ROOTS.to_vec() };
    let tls = ClientConfig::builder_with_provider(Arc::new(ring::default_provider()))
        .with_safe_default_protocol_versions()
        .map_err(|error| failed("TLS", &error))?
        .with_root_certificates(certificates)
        .with_no_client_auth();
    let mut client = Client::builder()
        .tls_backend_preconfigured(tls)
        .redirect(Policy::none())
        .connect_timeout(CONNECT)
        .user_agent(concat!("rushlight/", env!("CARGO_PKG_VERSION")));
    if matches!(url.host_str(), Some("localhost" | "127.0.0.1" | "[::1]")) {
        client = client.no_proxy();
    }
    client.build().map_err(|error| failed("HTTP client", &error))
}
