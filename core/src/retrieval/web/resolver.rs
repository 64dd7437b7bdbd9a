use std::fmt;
use std::net::IpAddr;

use ureq::config::Config;
use ureq::http::Uri;
use ureq::unversioned::resolver::{DefaultResolver, ResolvedSocketAddrs, Resolver};
use ureq::unversioned::transport::NextTimeout;

use super::address::is_public;

/// Finds the addresses of hosts, and refuses those that are not public unless the host is allowed by name.
///
/// What it gives is what is connected to, for every request and redirect, so that a name that leads to another
/// address the next time gains nothing.
#[derive(Debug)]
pub(super) struct PublicResolver {
    allowed: Vec<String>,
    names: DefaultResolver,
}

impl PublicResolver {
    /// `allowed` are hosts as they stand in a URL.
    pub(super) fn new(allowed: Vec<String>) -> Self {
        Self { allowed, names: DefaultResolver::default() }
    }
}

impl Resolver for PublicResolver {
    fn resolve(
        &self,
        uri: &Uri,
        config: &Config,
        timeout: NextTimeout,
    ) -> Result<ResolvedSocketAddrs, ureq::Error> {
        let found = self.names.resolve(uri, config, timeout)?;
        let host = uri.host().unwrap_or_default();
        if self.allowed.iter().any(|allowed| allowed == host) {
            return Ok(found);
        }
        match found.iter().find(|address| !is_public(address.ip())) {
            Some(address) => {
                Err(ureq::Error::Other(Box::new(NotPublic { host: host.to_owned(), address: address.ip() })))
            }
            None => Ok(found),
        }
    }
}

/// A host has an address that is not public.
#[derive(Debug)]
pub(super) struct NotPublic {
    host: String,
    address: IpAddr,
}

impl std::error::Error for NotPublic {}

impl fmt::Display for NotPublic {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { host, address } = self;
        write!(formatter, "expected a public address or an allowed host, got `{host}` at {address}")
    }
}
