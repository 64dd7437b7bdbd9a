use std::fs::File;
use std::io::Read;
use std::path::Path;

use super::format::{Format, Raw};
use crate::retrieval::Document;

/// Reads a file in the format that its name says, or as text; the error says in words why it cannot be used.
pub(in crate::retrieval) fn load(path: &Path, source: &str, max_bytes: u64) -> Result<Document, String> {
    let format = Format::of_name(path).unwrap_or_else(Format::text);
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    (format.read)(Raw { source, name: &name, bytes: read(path, max_bytes)?, charset: None })
}

fn read(path: &Path, max_bytes: u64) -> Result<Vec<u8>, String> {
    let file = File::open(path).map_err(|error| error.to_string())?;
    let size = file.metadata().map_err(|error| error.to_string())?.len();
    if size > max_bytes {
        return Err(format!("expected at most {max_bytes} bytes, got {size}"));
    }
    let mut bytes = Vec::with_capacity(size as usize);
    // One more than the limit: the file may grow while it is read.
    file.take(max_bytes.saturating_add(1)).read_to_end(&mut bytes).map_err(|error| error.to_string())?;
    if bytes.len() as u64 > max_bytes {
        return Err(format!("expected at most {max_bytes} bytes, got more"));
    }
    Ok(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn loaded(name: &str, bytes: &[u8]) -> Result<Document, String> {
        let dir = tempfile::tempdir().expect("a temporary directory");
        let path = dir.path().join(name);
        std::fs::write(&path, bytes).expect("a file");
        load(&path, name, 100)
    }

    #[test]
    fn markdown_has_the_title_of_its_front_matter_or_first_heading_or_file() {
        let title = |text: &str| loaded("notes.md", text.as_bytes()).expect("it loads").title;

        assert_eq!(title("---\ntitle: \"From: front\"\ndate: 1\n---\n# Heading\n"), "From: front");
        assert_eq!(title("---\ndate: 1\n---\n\ntext\n\n## The `heading`\n"), "The heading");
        assert_eq!(title("just text"), "notes");
    }

    #[test]
    fn front_matter_is_no_part_of_the_text() {
        let document = loaded("notes.md", b"---\r\ntitle: T\r\n---\r\nBody.\n").expect("it loads");

        assert_eq!(document.text, "Body.\n");
    }

    #[test]
    fn plain_text_is_taken_as_it_is() {
        let document = loaded("a.txt", b"\xef\xbb\xbf# no heading").expect("it loads");

        assert_eq!((document.title.as_str(), document.text.as_str()), ("a", "# no heading"));
    }

    #[test]
    fn a_name_says_how_a_file_is_read() {
        let text = |name: &str| loaded(name, b"<p># x</p>").expect("it loads").text;

        assert_eq!(text("page.HTML"), "\\# x\n");
        assert_eq!(text("page.txt"), "<p># x</p>");
        assert_eq!(text("unknown.xyz"), "<p># x</p>");
        assert_eq!(loaded("main.rs", b"fn main() {}").expect("it loads").title, "main.rs");
    }

    #[test]
    fn a_file_that_cannot_be_used_is_refused_with_the_reason() {
        assert_eq!(loaded("a.txt", b"caf\xe9").unwrap_err(), "expected UTF-8, got another byte at offset 3");
        assert_eq!(loaded("a.txt", &[b'a'; 101]).unwrap_err(), "expected at most 100 bytes, got 101");
    }
}
