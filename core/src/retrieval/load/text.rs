use super::charset::decode;
use super::format::{Format, stem};
use crate::retrieval::Document;

/// Text as it is.
pub(super) const FORMAT: Format = Format {
    extensions: &["txt", "text", "rst", "adoc", "asciidoc", "org", "log"],
    content_types: &["text/plain"],
    read: |raw| {
        let text = decode(raw.bytes, raw.charset)?;
        Ok(Document::new(raw.source, text).title(stem(raw.name)))
    },
};
