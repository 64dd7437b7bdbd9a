use std::fs::File;
use std::io::{BufRead, BufReader, Read};
use std::path::Path;

use serde_json::{Map, Value};

use super::{Found, Group};
use crate::retrieval::{Document, FailedDocument};

/// The documents of a JSON Lines file, one a line, as they are read: no more than one line is held in memory.
///
/// A document is an object with the field `text`, and perhaps `title`. Its source is its field `source`; or else
/// that of the file with `#` and its field `id`, or else with `#` and the number of its line. All other fields,
/// also those within a field `metadata`, are fields of the document: texts as they are, other values as JSON.
///
/// A line that is no document is reported with its number, and the next one is read.
#[derive(Debug)]
pub(in crate::retrieval) struct JsonLines {
    reader: BufReader<File>,
    file: Found,
    max_line: u64,
    /// The number of the line that was read last, from 1.
    line: u64,
    ended: bool,
    failed: bool,
}

impl JsonLines {
    /// Whether a file's name says that it holds JSON Lines.
    pub(in crate::retrieval) fn is_name(path: &Path) -> bool {
        path.extension().is_some_and(|extension| {
            ["jsonl", "ndjson"].iter().any(|known| extension.eq_ignore_ascii_case(known))
        })
    }

    /// Opens a file whose lines have at most `max_line` bytes.
    pub(in crate::retrieval) fn open(file: Found, max_line: u64) -> Result<Self, String> {
        let opened = File::open(&file.path).map_err(|error| error.to_string())?;
        let reader = BufReader::with_capacity(1 << 16, opened);
        Ok(Self { reader, file, max_line, line: 0, ended: false, failed: false })
    }

    /// The next line without its end; none at the end of the file.
    fn line(&mut self) -> Result<Option<Vec<u8>>, String> {
        let mut bytes = Vec::new();
        let mut limited = (&mut self.reader).take(self.max_line.saturating_add(1));
        limited.read_until(b'\n', &mut bytes).map_err(|error| error.to_string())?;
        if bytes.is_empty() {
            return Ok(None);
        }
        self.line += 1;
        let ended = bytes.pop_if(|byte| *byte == b'\n').is_some();
        if !ended && bytes.len() as u64 > self.max_line {
            self.reader.skip_until(b'\n').map_err(|error| error.to_string())?;
            return Err(format!("expected at most {} bytes in a line, got more", self.max_line));
        }
        if self.line == 1 && bytes.starts_with(b"\xef\xbb\xbf") {
            bytes.drain(..3);
        }
        Ok(Some(bytes))
    }

    fn document(&self, line: Vec<u8>) -> Result<Document, String> {
        let text = String::from_utf8(line).map_err(|error| {
            format!(
                "expected UTF-8, got another byte at offset {} of the line",
                error.utf8_error().valid_up_to()
            )
        })?;
        let value: Value = serde_json::from_str(&text)
            .map_err(|error| format!("expected JSON, got something else at column {}", error.column()))?;
        let Value::Object(mut fields) = value else {
            return Err(format!("expected a JSON object, got {}", kind(&value)));
        };
        let text = string(&mut fields, "text")?.ok_or("expected a field `text`, got none")?;
        let title = string(&mut fields, "title")?.unwrap_or_default();
        let source = match string(&mut fields, "source")? {
            Some(source) => source,
            None => match fields.remove("id").map(as_text) {
                Some(id) => format!("{}#{id}", self.file.source),
                None => format!("{}#{}", self.file.source, self.line),
            },
        };
        if let Some(Value::Object(metadata)) = fields.get_mut("metadata").map(Value::take) {
            fields.remove("metadata");
            fields.extend(metadata);
        }
        let document = Document::new(source, text).title(title);
        let values = fields.into_iter().filter(|(_, value)| !value.is_null());
        Ok(values.fold(document, |document, (name, value)| document.field(name, as_text(value))))
    }
}

impl Iterator for JsonLines {
    type Item = Result<Document, FailedDocument>;

    fn next(&mut self) -> Option<Self::Item> {
        while !self.ended {
            let before = self.line;
            let document = match self.line() {
                Ok(Some(line)) if line.trim_ascii().is_empty() => continue,
                Ok(Some(line)) => self.document(line),
                Ok(None) => break,
                Err(reason) => {
                    // A line that is too long was passed; after another error there is no going on.
                    self.ended = self.line == before;
                    Err(reason)
                }
            };
            return Some(document.map_err(|reason| {
                self.failed = true;
                FailedDocument { source: format!("{}#{}", self.file.source, self.line), reason }
            }));
        }
        self.ended = true;
        None
    }
}

impl Group for JsonLines {
    fn path(&self) -> &str {
        &self.file.resolved
    }

    fn left(&self) -> usize {
        0
    }

    fn is_complete(&self) -> bool {
        self.ended && !self.failed
    }

    fn file(&self) -> Option<&Found> {
        Some(&self.file)
    }
}

/// Takes a field that must be a text, if it is there and not null.
fn string(fields: &mut Map<String, Value>, name: &str) -> Result<Option<String>, String> {
    match fields.remove(name) {
        None | Some(Value::Null) => Ok(None),
        Some(Value::String(text)) => Ok(Some(text)),
        Some(other) => Err(format!("expected a text as `{name}`, got {}", kind(&other))),
    }
}

fn as_text(value: Value) -> String {
    match value {
        Value::String(text) => text,
        other => other.to_string(),
    }
}

fn kind(value: &Value) -> &'static str {
    match value {
        Value::Null => "null",
        Value::Bool(_) => "a truth value",
        Value::Number(_) => "a number",
        Value::String(_) => "a text",
        Value::Array(_) => "an array",
        Value::Object(_) => "an object",
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::retrieval::load::list_files;

    /// Every document as its JSON text, and every failure as `source: reason`.
    fn read(bytes: &[u8], max_line: u64) -> Vec<String> {
        let dir = tempfile::tempdir().expect("a temporary directory");
        let path = dir.path().join("notes.jsonl");
        std::fs::write(&path, bytes).expect("a file");
        let file = list_files(&[path]).files.remove(0);
        let prefix = format!("{}/", dir.path().display());
        let lines = JsonLines::open(file, max_line).expect("it opens");
        let told = lines.map(|line| match line {
            Ok(document) => serde_json::to_string(&document).expect("a document is JSON"),
            Err(failed) => format!("{}: {}", failed.source, failed.reason),
        });
        told.map(|line| line.replace(&prefix, "")).collect()
    }

    #[test]
    fn fields_become_source_title_text_and_fields() {
        let lines = b"\xef\xbb\xbf{\"text\":\"One.\",\"title\":\"T\",\"source\":\"s\",\"year\":2024,\"tags\":[1],\"none\":null}\r\n\
            \n{\"id\":7,\"text\":\"Two.\",\"metadata\":{\"a\":\"b\"}}\n{\"text\":\"Three.\"}";

        assert_eq!(
            read(lines, 1000),
            [
                r#"{"source":"s","title":"T","text":"One.","metadata":{"tags":"[1]","year":"2024"}}"#,
                r#"{"source":"notes.jsonl#7","title":"","text":"Two.","metadata":{"a":"b"}}"#,
                r#"{"source":"notes.jsonl#4","title":"","text":"Three.","metadata":{}}"#,
            ]
        );
    }

    #[test]
    fn a_bad_line_is_reported_by_number_and_the_rest_is_read() {
        let mut lines =
            b"{\"text\":5}\n{\"title\":\"x\"}\n[1]\n{\"text\":\"caf\xe9\"}\n{\"text\":\n".to_vec();
        lines.extend(format!("{{\"text\":\"{}\"}}\n", "x".repeat(100)).bytes());
        lines.extend(b"{\"text\":\"good\"}\n");

        let told = read(&lines, 50);

        assert_eq!(
            told[..6],
            [
                "notes.jsonl#1: expected a text as `text`, got a number",
                "notes.jsonl#2: expected a field `text`, got none",
                "notes.jsonl#3: expected a JSON object, got an array",
                "notes.jsonl#4: expected UTF-8, got another byte at offset 12 of the line",
                "notes.jsonl#5: expected JSON, got something else at column 8",
                "notes.jsonl#6: expected at most 50 bytes in a line, got more",
            ]
        );
        assert!(told[6].contains("good") && told.len() == 7, "{told:?}");
    }

    #[test]
    fn a_line_without_end_is_passed_without_being_held() {
        assert_eq!(
            read("x".repeat(200_000).as_bytes(), 10),
            ["notes.jsonl#1: expected at most 10 bytes in a line, got more"]
        );
        assert_eq!(read(b"", 10), Vec::<String>::new());
    }
}
