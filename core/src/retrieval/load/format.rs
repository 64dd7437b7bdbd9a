use std::path::Path;

use super::{code, html, markdown, text};
use crate::retrieval::Document;

/// Bytes to read as a document.
#[derive(Debug)]
pub(in crate::retrieval) struct Raw<'a> {
    /// The document's source.
    pub(in crate::retrieval) source: &'a str,
    /// The name of its file without folders; the last resort for a title.
    pub(in crate::retrieval) name: &'a str,
    pub(in crate::retrieval) bytes: Vec<u8>,
    /// The charset that the bytes came with, from a server.
    pub(in crate::retrieval) charset: Option<&'a str>,
}

/// A kind of file that becomes one document.
pub(in crate::retrieval) struct Format {
    /// Endings of file names, in lower case.
    pub(super) extensions: &'static [&'static str],
    /// Media types by which servers announce it, in lower case, without parameters.
    #[cfg_attr(not(feature = "web"), expect(dead_code, reason = "only servers announce types"))]
    pub(super) content_types: &'static [&'static str],
    /// Reads the bytes; an error says in words why they cannot be used.
    pub(in crate::retrieval) read: fn(Raw<'_>) -> Result<Document, String>,
}

static FORMATS: &[Format] = &[
    text::FORMAT,
    markdown::FORMAT,
    html::FORMAT,
    code::FORMAT,
    #[cfg(feature = "pdf")]
    super::pdf::FORMAT,
];

impl Format {
    /// The format of a file by its name; none if it is none that is read.
    pub(in crate::retrieval) fn of_name(path: &Path) -> Option<&'static Self> {
        let extension = path.extension()?.to_str()?.to_ascii_lowercase();
        FORMATS.iter().find(|format| format.extensions.contains(&extension.as_str()))
    }

    /// The format of a media type.
    #[cfg(feature = "web")]
    pub(in crate::retrieval) fn of_content_type(content_type: &str) -> Option<&'static Self> {
        FORMATS.iter().find(|format| format.content_types.contains(&content_type))
    }

    /// Text as it is, for a file whose name says nothing.
    pub(in crate::retrieval) fn text() -> &'static Self {
        &FORMATS[0]
    }
}

/// The name of a file without its extension.
pub(super) fn stem(name: &str) -> &str {
    match name.rsplit_once('.') {
        Some((stem, _)) if !stem.is_empty() => stem,
        _ => name,
    }
}
