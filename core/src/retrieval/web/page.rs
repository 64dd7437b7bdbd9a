use url::Url;

use super::WebOptions;
use super::client::{Client, Fetched, host_of, is_web};
use super::failure::Failure;
use crate::retrieval::Document;
use crate::retrieval::load::{Media, WebPage};
use crate::{Error, Result};

/// Reads pages one by one, each by itself, with the guard of a [`Site`](super::Site).
#[derive(Debug)]
pub(crate) struct PageReader {
    options: WebOptions,
    /// The only hosts that are asked; all if there are none.
    hosts: Vec<String>,
}

impl PageReader {
    /// Refuses names that are none of hosts, and a time of zero.
    pub(crate) fn new(options: WebOptions, hosts: &[String]) -> Result<Self> {
        if options.timeout.is_zero() {
            return Err(Error::invalid("`timeout`", "expected more than 0, got 0"));
        }
        let hosts = hosts.iter().map(|host| host_of("`hosts`", host)).collect::<Result<_>>()?;
        Client::new(&options)?;
        Ok(Self { options, hosts })
    }

    /// The text of a page, or why there is none. Blocks.
    pub(crate) fn read(&self, url: &str) -> Result<Document, String> {
        let url = address(url).map_err(|error| error.to_string())?;
        if !self.is_wanted(&url) {
            let hosts = self.hosts.join(", ");
            let got = url.host_str().unwrap_or_default();
            return Err(format!("expected a page of one of the hosts {hosts}, got one of `{got}`"));
        }
        let mut client = Client::new(&self.options).map_err(|error| error.to_string())?;
        let fetched = client.page(&url, |url| self.is_wanted(url), Media::is_readable);
        let (_, page) = fetched.and_then(Fetched::read).map_err(Failure::reason)?;
        Ok(page.document)
    }

    fn is_wanted(&self, url: &Url) -> bool {
        self.hosts.is_empty() || self.hosts.iter().any(|host| url.host_str() == Some(host))
    }
}

/// An address of the web, without the part that names a place within the page.
pub(super) fn address(url: &str) -> Result<Url> {
    let invalid = |message: String| Error::invalid("`url`", format!("`{url}`: {message}"));
    let mut address = Url::parse(url).map_err(|error| invalid(error.to_string()))?;
    if !is_web(&address) {
        return Err(invalid(format!("expected http or https, got `{}`", address.scheme())));
    }
    if !address.username().is_empty() || address.password().is_some() {
        return Err(Error::invalid("`url`", "expected an address without a password, got one with"));
    }
    address.set_fragment(None);
    Ok(address)
}

impl Fetched {
    /// The page that was fetched, and where it was.
    pub(super) fn read(self) -> std::result::Result<(Url, WebPage), Failure> {
        let Self { url, content_type, charset, body } = self;
        let name = url.path_segments().and_then(|mut parts| parts.next_back()).unwrap_or_default().to_owned();
        let media = Media {
            source: url.as_str(),
            name: &name,
            content_type: &content_type,
            charset: charset.as_deref(),
        };
        let page = media.read(body).map_err(Failure::other)?;
        Ok((url, page))
    }
}
