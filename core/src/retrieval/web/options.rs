use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::setters::setters;

/// What of a web site to ingest.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
#[non_exhaustive]
pub struct WebOptions {
    /// How many links away from the first page to go, on the same host. Default 0: only that page.
    pub depth: usize,
    /// At most this many pages are asked for. Default 100.
    pub max_pages: usize,
    /// Pages above this many bytes are not read but reported. Default 8 MiB.
    pub max_bytes: u64,
    /// Redirects that are followed for one page. Default 5.
    pub max_redirects: usize,
    /// How long one page may take, redirects included. Default 3 s.
    pub timeout: Duration,
    /// Who asks; what stands before the first `/` is the name that rules in `robots.txt` can be for.
    /// Default `rushlight/` and the version.
    pub user_agent: String,
    /// Hosts that may have private, loopback or other addresses that are not public, as `localhost` or
    /// `10.0.0.7`. Default none.
    pub allowed_hosts: Vec<String>,
}

setters!(WebOptions {
    depth: usize,
    max_pages: usize,
    max_bytes: u64,
    max_redirects: usize,
    timeout: Duration,
    user_agent: String
});

impl WebOptions {
    /// The same with these `allowed_hosts`.
    #[must_use]
    pub fn allowed_hosts(mut self, hosts: impl IntoIterator<Item = impl Into<String>>) -> Self {
        self.allowed_hosts = hosts.into_iter().map(Into::into).collect();
        self
    }
}

impl Default for WebOptions {
    fn default() -> Self {
        Self {
            depth: 0,
            max_pages: 100,
            max_bytes: 8 << 20,
            max_redirects: 5,
            timeout: Duration::from_secs(3),
            user_agent: concat!("rushlight/", env!("CARGO_PKG_VERSION")).to_owned(),
            allowed_hosts: Vec::new(),
        }
    }
}
