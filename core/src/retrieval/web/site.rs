use std::collections::{HashSet, VecDeque};

use url::Url;

use super::WebOptions;
use super::client::{Client, is_web};
use super::failure::Failure;
use super::page::address;
use crate::retrieval::load::{Found, Group, Media};
use crate::retrieval::{Document, FailedDocument};
use crate::{Error, Result};

/// The pages of a web site, from one on, as they are read: nearest first, each once, one at a time.
///
/// A site is a scheme, host and port: those of the first page, once it was found. Links out of it are not
/// followed. A page that the server does not have, or that holds no text, is passed over unless it is the first.
#[derive(Debug)]
pub(in crate::retrieval) struct Site {
    client: Client,
    options: WebOptions,
    /// By which the pages are known again.
    path: String,
    /// Pages to ask for, with their distances from the first; no more than may be asked for.
    queue: VecDeque<(Url, usize)>,
    /// The addresses of all pages that were in the queue or came out of it.
    met: HashSet<Url>,
    /// The scheme, host and port of the first page.
    origin: Option<url::Origin>,
    asked: usize,
    /// Whether there may be pages of the site that were not read.
    left_out: bool,
}

impl Site {
    /// A site from `url` on, of which nothing is asked yet.
    pub(in crate::retrieval) fn new(url: &str, options: WebOptions) -> Result<Self> {
        let first = address(url)?;
        for (name, is_zero) in
            [("`timeout`", options.timeout.is_zero()), ("`max_pages`", options.max_pages == 0)]
        {
            if is_zero {
                return Err(Error::invalid(name, "expected more than 0, got 0"));
            }
        }
        let client = Client::new(&options)?;
        Ok(Self {
            client,
            options,
            path: format!("web:{first}"),
            queue: VecDeque::from([(first.clone(), 0)]),
            met: HashSet::from([first]),
            origin: None,
            asked: 0,
            left_out: false,
        })
    }

    fn read(&mut self, url: &Url, distance: usize) -> std::result::Result<Option<Document>, Failure> {
        let origin = self.origin.clone();
        let wanted = |url: &Url| origin.as_ref().is_none_or(|origin| url.origin() == *origin);
        let fetched = self.client.page(url, wanted, Media::is_readable)?;
        self.origin.get_or_insert_with(|| fetched.url.origin());
        if fetched.url != *url && !self.met.insert(fetched.url.clone()) {
            return Ok(None);
        }
        let (url, page) = fetched.read()?;
        let base = page.base.and_then(|base| url.join(&base).ok()).unwrap_or_else(|| url.clone());
        for link in page.links {
            self.meet(&base, &link, distance + 1);
        }
        if page.document.text.trim().is_empty() {
            return Err(Failure::other("expected a page with text, got one without"));
        }
        Ok(Some(page.document))
    }

    /// Puts the page that a link leads to into the queue, if it is new, of this site and near enough.
    fn meet(&mut self, base: &Url, link: &str, distance: usize) {
        let Ok(mut url) = base.join(link.trim()) else {
            return;
        };
        url.set_fragment(None);
        if !is_web(&url) || self.origin.as_ref() != Some(&url.origin()) || self.met.contains(&url) {
            return;
        }
        if distance > self.options.depth || self.asked + self.queue.len() >= self.options.max_pages {
            self.left_out = true;
        } else {
            self.met.insert(url.clone());
            self.queue.push_back((url, distance));
        }
    }
}

impl Iterator for Site {
    type Item = std::result::Result<Document, FailedDocument>;

    fn next(&mut self) -> Option<Self::Item> {
        loop {
            let (url, distance) = self.queue.pop_front()?;
            self.asked += 1;
            let failure = match self.read(&url, distance) {
                Ok(Some(document)) => return Some(Ok(document)),
                Ok(None) => continue,
                Err(
                    Failure::Missing(_) | Failure::NoText(_) | Failure::Elsewhere(_) | Failure::Forbidden(_),
                ) if distance > 0 => {
                    continue;
                }
                Err(failure) => failure,
            };
            self.left_out = true;
            return Some(Err(FailedDocument { source: url.to_string(), reason: failure.reason() }));
        }
    }
}

impl Group for Site {
    fn path(&self) -> &str {
        &self.path
    }

    fn left(&self) -> usize {
        self.queue.len()
    }

    fn is_complete(&self) -> bool {
        !self.left_out
    }

    fn file(&self) -> Option<&Found> {
        None
    }
}
