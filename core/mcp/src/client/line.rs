use std::io;

use tokio::io::{AsyncBufReadExt, AsyncRead, BufReader};

use super::message_id::MessageId;

/// The lines that a program writes, each within a bound.
#[derive(Debug)]
pub(super) struct Lines<R> {
    reader: BufReader<R>,
    max_bytes: usize,
    line: Vec<u8>,
    /// The rest of a line that is too long, whose beginning was thrown away.
    rest: Option<MessageId>,
}

/// What was written up to the end of a line.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Line {
    Whole(Vec<u8>),
    /// More than the bound: the message with this number.
    TooLong(Option<i64>),
}

impl<R: AsyncRead + Unpin> Lines<R> {
    pub(super) fn new(reader: R, max_bytes: usize) -> Self {
        Self { reader: BufReader::new(reader), max_bytes, line: Vec::new(), rest: None }
    }

    /// The next line; none when the program ended.
    ///
    /// # Cancellation
    ///
    /// A call that is dropped loses nothing: what was read of the line is kept for the next one.
    pub(super) async fn next(&mut self) -> io::Result<Option<Line>> {
        loop {
            let available = self.reader.fill_buf().await?;
            if available.is_empty() {
                return Ok(None);
            }
            let end = available.iter().position(|&byte| byte == b'\n');
            let (bytes, taken) = match end {
                Some(end) => (&available[..end], end + 1),
                None => (available, available.len()),
            };
            match &mut self.rest {
                Some(id) => id.read(bytes),
                None if self.line.len() + bytes.len() <= self.max_bytes => self.line.extend_from_slice(bytes),
                None => {
                    let mut id = MessageId::default();
                    id.read(&std::mem::take(&mut self.line));
                    id.read(bytes);
                    self.rest = Some(id);
                }
            }
            self.reader.consume(taken);
            if end.is_some() {
                return Ok(Some(match self.rest.take() {
                    Some(id) => Line::TooLong(id.number()),
                    None => Line::Whole(std::mem::take(&mut self.line)),
                }));
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    async fn lines(text: &str) -> Vec<Line> {
        let mut lines = Lines::new(text.as_bytes(), 16);
        let mut found = Vec::new();
        while let Some(line) = lines.next().await.unwrap() {
            found.push(line);
        }
        found
    }

    #[tokio::test]
    async fn a_line_that_is_too_long_is_named_and_the_next_ones_are_read() {
        let long = format!("{{\"result\":\"{}\",\"id\":3}}", "x".repeat(100));

        let found = lines(&format!("first\n{long}\n\nlast\ncut off")).await;

        let whole = |text: &str| Line::Whole(text.as_bytes().to_vec());
        assert_eq!(found, [whole("first"), Line::TooLong(Some(3)), whole(""), whole("last")]);
    }
}
