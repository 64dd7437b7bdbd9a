use std::fs::File;
use std::io::Read;
use std::path::Path;

use super::markdown;
use crate::retrieval::Document;

/// Reads a file as text or, by its name, as Markdown; the error says in words why it cannot be used.
pub(in crate::retrieval) fn load(path: &Path, source: &str, max_bytes: u64) -> Result<Document, String> {
    let bytes = read(path, max_bytes)?;
    let text = decode(bytes)?;
    let name = path.file_stem().unwrap_or_default().to_string_lossy().into_owned();
    let is_markdown = path.extension().is_some_and(|extension| {
        ["md", "markdown", "mdown", "mkd", "mdx"].iter().any(|known| extension.eq_ignore_ascii_case(known))
    });
    if !is_markdown {
        return Ok(Document::new(source, text).title(name));
    }
    let (front_matter, body) = markdown::split_front_matter(&text);
    let title =
        front_matter.and_then(markdown::title_of).or_else(|| markdown::first_heading(body)).unwrap_or(name);
    Ok(Document::new(source, body).title(title))
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

/// UTF-8, with or without a byte order mark.
fn decode(mut bytes: Vec<u8>) -> Result<String, String> {
    if bytes.starts_with(b"\xef\xbb\xbf") {
        bytes.drain(..3);
    }
    if bytes.starts_with(b"\xff\xfe") || bytes.starts_with(b"\xfe\xff") {
        return Err("expected UTF-8, got UTF-16".to_owned());
    }
    if bytes.contains(&0) {
        return Err("expected text, got a binary file".to_owned());
    }
    String::from_utf8(bytes).map_err(|error| {
        format!("expected UTF-8, got another byte at offset {}", error.utf8_error().valid_up_to())
    })
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
    fn what_is_no_utf_8_text_is_refused_with_the_reason() {
        assert_eq!(loaded("a.txt", b"caf\xe9").unwrap_err(), "expected UTF-8, got another byte at offset 3");
        assert_eq!(loaded("a.txt", b"\xff\xfea\0").unwrap_err(), "expected UTF-8, got UTF-16");
        assert_eq!(loaded("a.txt", b"a\0b").unwrap_err(), "expected text, got a binary file");
        assert_eq!(loaded("a.txt", &[b'a'; 101]).unwrap_err(), "expected at most 100 bytes, got 101");
    }
}
