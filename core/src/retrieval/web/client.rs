use std::collections::HashMap;
use std::io::Read;
use std::net::Ipv6Addr;
use std::time::Instant;

use ureq::Agent;
use ureq::config::Config;
use ureq::http::header::{CONTENT_ENCODING, CONTENT_TYPE, LOCATION};
use ureq::http::{HeaderName, Response, StatusCode};
use ureq::unversioned::transport::DefaultConnector;
use url::Url;

use super::WebOptions;
use super::failure::Failure;
use super::resolver::PublicResolver;
use super::robots::Robots;
use crate::duration::NEVER;
use crate::{Error, Result};

/// What is read of `robots.txt` (RFC 9309, 2.5).
const MAX_ROBOTS_BYTES: u64 = 500 << 10;

/// Asks web servers for pages, within the limits of its options.
#[derive(Debug)]
pub(super) struct Client {
    agent: Agent,
    options: WebOptions,
    /// What each site asks robots not to read, or why it cannot be known.
    robots: HashMap<String, std::result::Result<Robots, Failure>>,
}

/// What a server gave.
#[derive(Debug)]
pub(super) struct Fetched {
    /// Where it was in the end.
    pub(super) url: Url,
    /// In lower case and without parameters; empty if the server does not say.
    pub(super) content_type: String,
    pub(super) charset: Option<String>,
    pub(super) body: Vec<u8>,
}

impl Client {
    pub(super) fn new(options: &WebOptions) -> Result<Self> {
        let allowed = options
            .allowed_hosts
            .iter()
            .map(|host| host_of("`allowed_hosts`", host))
            .collect::<Result<Vec<_>>>()?;
        // Without a proxy: it would connect to addresses that nobody checked.
        let config = Config::builder()
            .http_status_as_error(false)
            .max_redirects(0)
            .max_redirects_will_error(false)
            .proxy(None)
            .user_agent(options.user_agent.as_str())
            .accept_encoding("identity")
            .accept("text/html, application/xhtml+xml, text/*;q=0.9, application/pdf;q=0.8")
            .build();
        let agent = Agent::with_parts(config, DefaultConnector::default(), PublicResolver::new(allowed));
        Ok(Self { agent, options: options.clone(), robots: HashMap::new() })
    }

    /// A page, if it and all that it redirects to is `wanted` and not forbidden to robots.
    pub(super) fn page(
        &mut self,
        url: &Url,
        wanted: impl Fn(&Url) -> bool,
        readable: impl Fn(&str) -> bool,
    ) -> std::result::Result<Fetched, Failure> {
        let deadline = Instant::now() + self.options.timeout.min(NEVER);
        let mut url = url.clone();
        for _ in 0..=self.options.max_redirects {
            if !wanted(&url) {
                return Err(Failure::Elsewhere(format!("it leads to `{url}` on another site")));
            }
            self.check_robots(&url)?;
            match self.ask(&url, deadline)? {
                Reply::Redirect(to) => url = to,
                Reply::Page(response) => {
                    let (content_type, charset) = content_type(&response);
                    if !readable(&content_type) {
                        return Err(Failure::NoText(format!(
                            "expected a page with text, got `{content_type}`"
                        )));
                    }
                    let body = self.body(response, self.options.max_bytes)?;
                    return Ok(Fetched { url, content_type, charset, body });
                }
            }
        }
        Err(Failure::Other(format!("expected at most {} redirects, got more", self.options.max_redirects)))
    }

    fn check_robots(&mut self, url: &Url) -> std::result::Result<(), Failure> {
        let site = url.origin().ascii_serialization();
        if !self.robots.contains_key(&site) {
            let robots = self.fetch_robots(url);
            self.robots.insert(site.clone(), robots);
        }
        match &self.robots[&site] {
            Ok(robots) if robots.allow(url) => Ok(()),
            Ok(_) => Err(Failure::Forbidden("`robots.txt` of the site asks not to read it".to_owned())),
            Err(failure) => Err(failure.clone()),
        }
    }

    /// A site that has no `robots.txt` forbids nothing; one whose `robots.txt` cannot be read forbids everything
    /// (RFC 9309, 2.3.1).
    fn fetch_robots(&self, url: &Url) -> std::result::Result<Robots, Failure> {
        let mut url = url.join("/robots.txt").map_err(|error| Failure::Other(error.to_string()))?;
        let deadline = Instant::now() + self.options.timeout.min(NEVER);
        let unreachable =
            |failure: Failure| Failure::Other(format!("cannot read `robots.txt`: {}", failure.reason()));
        for _ in 0..=self.options.max_redirects {
            match self.ask(&url, deadline) {
                Ok(Reply::Redirect(to)) => url = to,
                Ok(Reply::Page(response)) => {
                    let mut body = response.into_body().into_reader().take(MAX_ROBOTS_BYTES);
                    let mut bytes = Vec::new();
                    body.read_to_end(&mut bytes).map_err(|error| unreachable(self.interrupted(error)))?;
                    return Ok(Robots::read(&String::from_utf8_lossy(&bytes), &self.options.user_agent));
                }
                Err(Failure::Missing(_) | Failure::Refused(_)) => return Ok(Robots::default()),
                Err(failure) => return Err(unreachable(failure)),
            }
        }
        Ok(Robots::default())
    }

    fn ask(&self, url: &Url, deadline: Instant) -> std::result::Result<Reply, Failure> {
        let left = deadline.saturating_duration_since(Instant::now());
        if left.is_zero() {
            return Err(Failure::slow(self.options.timeout));
        }
        let request = self.agent.get(url.as_str()).config().timeout_global(Some(left)).build();
        let response = request.call().map_err(|error| Failure::of(&error, self.options.timeout))?;
        let status = response.status();
        if status.is_redirection() {
            let location = header(&response, LOCATION).unwrap_or_default();
            let mut to =
                url.join(&location).map_err(|error| Failure::Other(format!("`{location}`: {error}")))?;
            to.set_fragment(None);
            if !is_web(&to) {
                return Err(Failure::Other(format!("expected http or https, got `{}`", to.scheme())));
            }
            return Ok(Reply::Redirect(to));
        }
        let reason = format!("expected a page, got status {status}");
        match status {
            status if status.is_success() => Ok(Reply::Page(response)),
            StatusCode::NOT_FOUND | StatusCode::GONE => Err(Failure::Missing(reason)),
            status if status.is_client_error() => Err(Failure::Refused(reason)),
            _ => Err(Failure::Other(reason)),
        }
    }

    fn body(&self, response: Response<ureq::Body>, limit: u64) -> std::result::Result<Vec<u8>, Failure> {
        if let Some(encoding) = header(&response, CONTENT_ENCODING).filter(|encoding| encoding != "identity")
        {
            return Err(Failure::Other(format!("expected a page that is not packed, got `{encoding}`")));
        }
        let mut bytes = Vec::new();
        let mut body = response.into_body().into_reader().take(limit.saturating_add(1));
        body.read_to_end(&mut bytes).map_err(|error| self.interrupted(error))?;
        if bytes.len() as u64 > limit {
            return Err(Failure::Other(format!("expected at most {limit} bytes, got more")));
        }
        Ok(bytes)
    }

    fn interrupted(&self, error: std::io::Error) -> Failure {
        Failure::of(&ureq::Error::from(error), self.options.timeout)
    }
}

/// Whether an address is one of the web.
pub(super) fn is_web(url: &Url) -> bool {
    matches!(url.scheme(), "http" | "https")
}

enum Reply {
    Page(Response<ureq::Body>),
    Redirect(Url),
}

/// A host as it stands in a URL; `what` is the option that names it.
pub(super) fn host_of(what: &str, name: &str) -> Result<String> {
    let host = if name.parse::<Ipv6Addr>().is_ok() { format!("[{name}]") } else { name.to_owned() };
    let host = url::Host::parse(&host).map(|host| host.to_string());
    host.map_err(|_| Error::invalid(what, format!("expected names of hosts or addresses, got `{name}`")))
}

fn header(response: &Response<ureq::Body>, name: HeaderName) -> Option<String> {
    let value = String::from_utf8_lossy(response.headers().get(name)?.as_bytes()).trim().to_owned();
    Some(value)
}

fn content_type(response: &Response<ureq::Body>) -> (String, Option<String>) {
    let value = header(response, CONTENT_TYPE).unwrap_or_default();
    let mut parts = value.split(';');
    let content_type = parts.next().unwrap_or_default().trim().to_ascii_lowercase();
    let charset = parts.find_map(|parameter| {
        let (name, value) = parameter.split_once('=')?;
        name.trim().eq_ignore_ascii_case("charset").then(|| value.trim().trim_matches('"').to_owned())
    });
    (content_type, charset)
}
