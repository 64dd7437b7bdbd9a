use super::page::Page;
use crate::retrieval::Document;
use crate::retrieval::load::charset::decode_html;
use crate::retrieval::load::format::{Format, stem};

/// HTML as Markdown, without what is not read: scripts, styles, navigation.
pub(in crate::retrieval::load) const FORMAT: Format = Format {
    extensions: &["html", "htm", "xhtml"],
    content_types: &["text/html", "application/xhtml+xml"],
    read: |raw| {
        let page = Page::read(&decode_html(&raw.bytes, raw.charset)?);
        Ok(titled(raw.source, raw.name, page.title, page.text))
    },
};

/// A document with a title, or else the name of its file for one.
pub(in crate::retrieval::load) fn titled(source: &str, name: &str, title: String, text: String) -> Document {
    let title = if title.is_empty() { stem(name).to_owned() } else { title };
    Document::new(source, text).title(title)
}
