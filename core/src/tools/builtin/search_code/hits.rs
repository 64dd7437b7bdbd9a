use std::fmt::Write;
use std::io::{Error, Read};
use std::path::Path;

use grep_regex::RegexMatcher;
use grep_searcher::{Searcher, Sink, SinkContext, SinkFinish, SinkMatch};

use super::SearchCodeOptions;
use crate::schema::excerpt;

/// Bytes of one line that are shown.
const MAX_LINE_BYTES: usize = 300;

/// The lines that were found, as text, up to the limits of the options.
#[derive(Debug)]
pub(super) struct Hits<'a> {
    options: &'a SearchCodeOptions,
    text: String,
    count: usize,
    /// Whether there was one that had no room.
    is_full: bool,
    /// The file that is searched.
    path: String,
    /// Whether it is binary.
    is_binary: bool,
}

impl<'a> Hits<'a> {
    pub(super) fn new(options: &'a SearchCodeOptions) -> Self {
        Self { options, text: String::new(), count: 0, is_full: false, path: String::new(), is_binary: false }
    }

    pub(super) fn is_full(&self) -> bool {
        self.is_full
    }

    /// Adds the hits of a file; none if it turns out to be binary or cannot be read to its end.
    pub(super) fn search(
        &mut self,
        searcher: &mut Searcher,
        matcher: &RegexMatcher,
        path: &Path,
        file: impl Read,
    ) {
        self.path = path.to_string_lossy().replace(std::path::MAIN_SEPARATOR, "/");
        self.is_binary = false;
        let (end, count) = (self.text.len(), self.count);
        let file = file.take(self.options.max_file_bytes);
        let outcome = searcher.search_reader(matcher, file, &mut *self);
        if self.is_binary || outcome.is_err() {
            self.text.truncate(end);
            (self.count, self.is_full) = (count, false);
        }
    }

    pub(super) fn into_text(mut self, query: &str) -> String {
        if self.count == 0 {
            return format!("nothing found for `{}`", excerpt(query));
        }
        if self.is_full {
            let _ = write!(self.text, "[the first {} hits; there are more]", self.count);
        }
        self.text
    }

    /// Adds a line; `mark` stands around its number.
    fn push(&mut self, number: Option<u64>, mark: char, line: &[u8]) {
        let line = String::from_utf8_lossy(line);
        let line = line.trim_end();
        let shown = &line[..line.floor_char_boundary(MAX_LINE_BYTES)];
        let more = if shown.len() < line.len() { "…" } else { "" };
        let _ = writeln!(self.text, "{}{mark}{}{mark}{shown}{more}", self.path, number.unwrap_or_default());
    }

    fn has_room(&self) -> bool {
        self.count < self.options.max_hits && self.text.len() < self.options.max_output_bytes
    }
}

impl Sink for &mut Hits<'_> {
    type Error = Error;

    fn matched(&mut self, _searcher: &Searcher, found: &SinkMatch<'_>) -> Result<bool, Error> {
        if !self.has_room() {
            self.is_full = true;
            return Ok(false);
        }
        self.count += 1;
        self.push(found.line_number(), ':', found.bytes());
        Ok(true)
    }

    fn context(&mut self, _searcher: &Searcher, context: &SinkContext<'_>) -> Result<bool, Error> {
        if self.has_room() || *context.kind() == grep_searcher::SinkContextKind::After {
            self.push(context.line_number(), '-', context.bytes());
        }
        Ok(true)
    }

    fn context_break(&mut self, _searcher: &Searcher) -> Result<bool, Error> {
        if self.has_room() {
            self.text.push_str("--\n");
        }
        Ok(true)
    }

    fn finish(&mut self, _searcher: &Searcher, finish: &SinkFinish) -> Result<(), Error> {
        self.is_binary = finish.binary_byte_offset().is_some();
        Ok(())
    }
}
