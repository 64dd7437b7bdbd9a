use std::str;

/// The data of server-sent events (WHATWG HTML, 9.2), out of the bytes of a reply, however they are cut.
///
/// Only data is kept: names, ids and times of events mean nothing here. The field `error`, by which older servers of
/// llama.cpp tell that they failed, counts as data.
#[derive(Debug)]
pub(crate) struct EventReader {
    /// What a line has so far.
    line: Vec<u8>,
    /// What an event has so far, each line with its end.
    data: Vec<u8>,
    /// Bytes that an event may have.
    limit: usize,
    /// Whether the last byte was a carriage return, with which a line feed belongs.
    after_return: bool,
    is_first: bool,
}

impl EventReader {
    /// A reader of events of at most `limit` bytes.
    pub(crate) fn new(limit: usize) -> Self {
        Self { line: Vec::new(), data: Vec::new(), limit, after_return: false, is_first: true }
    }

    /// The events that end within the next bytes. What is no event is the last, and says why.
    pub(crate) fn push(&mut self, bytes: &[u8]) -> Vec<Result<String, String>> {
        let mut events = Vec::new();
        for part in bytes.split_inclusive(|byte| matches!(byte, b'\n' | b'\r')) {
            let (text, end) = match part.split_last() {
                Some((end @ (b'\n' | b'\r'), text)) => (text, Some(*end)),
                _ => (part, None),
            };
            let is_half = self.after_return && text.is_empty() && end == Some(b'\n');
            self.after_return = end == Some(b'\r');
            if is_half {
                continue;
            }
            self.line.extend_from_slice(text);
            if self.line.len() + self.data.len() > self.limit {
                events
                    .push(Err(format!("expected events of at most {} bytes, got a longer one", self.limit)));
                return events;
            }
            let event = if end.is_some() { self.end_line() } else { None };
            let is_wrong = matches!(event, Some(Err(_)));
            events.extend(event);
            if is_wrong {
                return events;
            }
        }
        events
    }

    /// The event at the end of the bytes, if no blank line has ended it.
    pub(crate) fn finish(&mut self) -> Option<Result<String, String>> {
        if !self.line.is_empty() {
            self.end_line();
        }
        self.end_event()
    }

    fn end_line(&mut self) -> Option<Result<String, String>> {
        let line = std::mem::take(&mut self.line);
        let mark = if std::mem::take(&mut self.is_first) { "\u{feff}" } else { "" };
        let line = line.strip_prefix(mark.as_bytes()).unwrap_or(&line);
        if line.is_empty() {
            return self.end_event();
        }
        let value = [&b"data:"[..], b"error:"].iter().find_map(|field| line.strip_prefix(*field));
        if let Some(value) = value {
            self.data.extend_from_slice(value.strip_prefix(b" ").unwrap_or(value));
            self.data.push(b'\n');
        }
        None
    }

    fn end_event(&mut self) -> Option<Result<String, String>> {
        let data = std::mem::take(&mut self.data);
        let data = data.strip_suffix(b"\n")?;
        Some(match str::from_utf8(data) {
            Ok(text) => Ok(text.to_owned()),
            Err(error) => Err(format!("expected events in UTF-8, got other bytes: {error}")),
        })
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn read(pieces: &[&[u8]]) -> Vec<Result<String, String>> {
        let mut reader = EventReader::new(1000);
        let mut events: Vec<_> = pieces.iter().flat_map(|piece| reader.push(piece)).collect();
        events.extend(reader.finish());
        events
    }

    fn data(text: &str) -> Vec<String> {
        read(&[text.as_bytes()]).into_iter().map(Result::unwrap).collect()
    }

    #[test]
    fn an_event_is_the_data_between_blank_lines() {
        assert_eq!(data("data: a\n\ndata:b\n\n"), ["a", "b"]);
        assert_eq!(data("data: a\r\n\r\ndata: b\r\rdata: c\n\n"), ["a", "b", "c"]);
        assert_eq!(data(": ping\n\n\n\nevent: message\nid: 7\nretry: 5\ndata: a\n\n"), ["a"]);
        assert_eq!(data("data: a\ndata:  b\n\n"), ["a\n b"]);
        assert_eq!(data("\u{feff}data: a\n\n"), ["a"]);
        assert_eq!(data("error: {}\n\n"), ["{}"]);
        assert_eq!(data("data: a"), ["a"]);
        assert_eq!(data("data:\n\n"), [""]);
        assert!(data("").is_empty() && data("database: a\n\n").is_empty());
    }

    #[test]
    fn what_is_no_event_is_the_last() {
        let wrong = read(&[b"data: a\n\ndata: \xff\n\ndata: b\n\n"]);
        assert_eq!((wrong.len(), wrong[0].as_deref()), (2, Ok("a")));
        assert!(wrong[1].as_ref().is_err_and(|message| message.contains("UTF-8")), "{wrong:?}");

        let mut reader = EventReader::new(10);
        assert_eq!(reader.push(b"data: 6789\n\n"), [Ok("6789".to_owned())]);
        let long = reader.push(b"data: 67890");
        assert_eq!(long, [Err("expected events of at most 10 bytes, got a longer one".to_owned())]);
    }

    proptest! {
        #[test]
        fn how_bytes_are_cut_makes_no_difference(
            lines in prop::collection::vec("(data: ?|: |id:|)[a-z\u{e9}\u{1f56f} ]{0,6}(\n|\r\n|\r)", 0..12),
            cuts in prop::collection::vec(0_usize..80, 0..8),
        ) {
            let text = lines.concat();
            let bytes = text.as_bytes();
            let mut cuts: Vec<usize> = cuts.into_iter().map(|cut| cut.min(bytes.len())).collect();
            cuts.extend([0, bytes.len()]);
            cuts.sort_unstable();
            let pieces: Vec<&[u8]> = cuts.windows(2).map(|cut| &bytes[cut[0]..cut[1]]).collect();

            prop_assert_eq!(read(&pieces), read(&[bytes]));
        }
    }
}
