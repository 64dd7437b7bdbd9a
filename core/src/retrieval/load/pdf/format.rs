use std::sync::mpsc::{self, RecvTimeoutError};
use std::thread;
use std::time::{Duration, Instant};

use lopdf::{Error, Object};

use super::layout::Layout;
use super::objects;
use super::page::{Budget, read_page};
use crate::error::panic_text;
use crate::retrieval::Document;
use crate::retrieval::load::format::{Format, Raw, stem};

/// The text layer of PDF files, page after page.
pub(in crate::retrieval::load) const FORMAT: Format =
    Format { extensions: &["pdf"], content_types: &["application/pdf", "application/x-pdf"], read };

/// A stream that unpacks to more than this is refused: a few bytes can say gigabytes.
pub(super) const MAX_STREAM_BYTES: usize = 16 << 20;

/// Reading a file ends after this long.
const MAX_TIME: Duration = Duration::from_mins(1);

/// For the parser, whose recursion is bounded but deep.
const STACK_BYTES: usize = 16 << 20;

/// Reads on a thread of its own, so that a file that makes the parser panic or hang is only one bad document.
fn read(raw: Raw<'_>) -> Result<Document, String> {
    let (sender, receiver) = mpsc::sync_channel(1);
    let deadline = Instant::now() + MAX_TIME;
    let bytes = raw.bytes;
    let reading = thread::Builder::new()
        .name("pdf".to_owned())
        .stack_size(STACK_BYTES)
        .spawn(move || _ = sender.send(text(&bytes, deadline)))
        .map_err(|error| format!("cannot start a thread: {error}"))?;
    let text = match receiver.recv_timeout(MAX_TIME + Duration::from_secs(1)) {
        Ok(text) => text?,
        Err(RecvTimeoutError::Timeout) => return Err(too_slow()),
        Err(RecvTimeoutError::Disconnected) => {
            let panic = reading.join().err();
            let said = panic.as_ref().map_or("no message", |panic| panic_text(&**panic));
            return Err(format!("the PDF is damaged: {said}"));
        }
    };
    let title = if text.title.is_empty() { stem(raw.name).to_owned() } else { text.title };
    Ok(Document::new(raw.source, text.body).title(title))
}

struct Text {
    title: String,
    body: String,
}

fn text(bytes: &[u8], deadline: Instant) -> Result<Text, String> {
    let document = objects::load(bytes).map_err(|error| reason(&error))?;
    if document.trailer.has(b"Encrypt") && !document.was_encrypted() {
        return Err(reason(&Error::InvalidPassword));
    }
    let mut layout = Layout::default();
    let mut budget = Budget::new(deadline);
    let mut pages = 0;
    for page in document.page_iter() {
        pages += 1;
        read_page(&document, page, &mut layout, &mut budget).map_err(|error| reason(&error))?;
        if budget.is_over_time() {
            return Err(too_slow());
        }
        layout.end_page();
    }
    if pages == 0 {
        return Err("the PDF is damaged: it has no pages".to_owned());
    }
    let body = layout.finish();
    if body.trim().is_empty() {
        return Err("expected a PDF with text, got one of images or of fonts without characters".to_owned());
    }
    let information = document.trailer.get_deref(b"Info", &document).and_then(Object::as_dict);
    let title = information.and_then(|information| information.get_deref(b"Title", &document));
    let title = title.and_then(lopdf::decode_text_string).unwrap_or_default();
    Ok(Text { title: title.split_whitespace().collect::<Vec<_>>().join(" "), body })
}

fn too_slow() -> String {
    format!("the PDF took longer than {} s to read", MAX_TIME.as_secs())
}

/// Why a PDF cannot be read, with causes.
fn reason(error: &Error) -> String {
    match error {
        Error::InvalidPassword | Error::Decryption(_) | Error::UnsupportedSecurityHandler(_) => {
            "expected a PDF that opens without a password, got an encrypted one".to_owned()
        }
        Error::Decompress(lopdf::DecompressError::MemoryLimitExceeded { limit }) => {
            format!("expected streams that unpack to at most {limit} bytes, got more")
        }
        other => {
            let mut text = format!("the PDF is damaged: {other}");
            let mut cause = std::error::Error::source(other);
            while let Some(error) = cause {
                text.push_str(": ");
                text.push_str(&error.to_string());
                cause = error.source();
            }
            text
        }
    }
}

#[cfg(test)]
mod tests;
