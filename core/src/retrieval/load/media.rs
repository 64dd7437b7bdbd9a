use super::charset::decode_html;
use super::format::{Format, Raw};
use super::html::{Page, titled};
use crate::retrieval::Document;

/// What a server says about bytes that it sends.
#[derive(Debug)]
pub(in crate::retrieval) struct Media<'a> {
    /// The address.
    pub(in crate::retrieval) source: &'a str,
    /// The last part of its path.
    pub(in crate::retrieval) name: &'a str,
    /// In lower case and without parameters; empty if the server does not say.
    pub(in crate::retrieval) content_type: &'a str,
    pub(in crate::retrieval) charset: Option<&'a str>,
}

/// A page of the web.
#[derive(Debug)]
pub(in crate::retrieval) struct WebPage {
    pub(in crate::retrieval) document: Document,
    /// Where its links lead, as they are written, in order.
    pub(in crate::retrieval) links: Vec<String>,
    /// What relative links start from, if the page says so.
    pub(in crate::retrieval) base: Option<String>,
}

const HTML: &str = "text/html";

impl Media<'_> {
    /// Whether bytes of this type can be read. Those of no type may be of any.
    pub(in crate::retrieval) fn is_readable(content_type: &str) -> bool {
        content_type.is_empty() || Format::of_content_type(content_type).is_some()
    }

    /// The page that these bytes are; an error says in words why they are none.
    pub(in crate::retrieval) fn read(&self, bytes: Vec<u8>) -> Result<WebPage, String> {
        let content_type = if self.content_type.is_empty() { sniffed(&bytes) } else { self.content_type };
        let format = Format::of_content_type(content_type)
            .ok_or_else(|| format!("expected a page with text, got `{content_type}`"))?;
        if format.content_types.contains(&HTML) {
            let page = Page::read(&decode_html(&bytes, self.charset)?);
            let document = titled(self.source, self.name, page.title, page.text);
            return Ok(WebPage { document, links: page.links, base: page.base });
        }
        let raw = Raw { source: self.source, name: self.name, bytes, charset: self.charset };
        Ok(WebPage { document: (format.read)(raw)?, links: Vec::new(), base: None })
    }
}

/// The type of bytes that came without one.
fn sniffed(bytes: &[u8]) -> &'static str {
    if bytes.starts_with(b"%PDF-") {
        "application/pdf"
    } else if bytes.trim_ascii_start().starts_with(b"<") {
        HTML
    } else {
        "text/plain"
    }
}
