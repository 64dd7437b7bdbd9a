use std::ops::Range;
use std::path::Path;

use crate::{Error, Result};

/// Reads little-endian values and never past the end.
#[derive(Debug)]
pub(super) struct Cursor<'a> {
    bytes: &'a [u8],
    position: usize,
    path: &'a Path,
}

impl<'a> Cursor<'a> {
    pub(super) fn new(bytes: &'a [u8], path: &'a Path) -> Self {
        Self { bytes, position: 0, path }
    }

    pub(super) fn position(&self) -> usize {
        self.position
    }

    pub(super) fn remaining(&self) -> usize {
        self.bytes.len() - self.position
    }

    pub(super) fn error(&self, message: impl Into<String>) -> Error {
        Error::format(self.path, message)
    }

    /// The range of the next `length` bytes, which `what` occupies.
    pub(super) fn take(&mut self, length: u64, what: &str) -> Result<Range<usize>> {
        let remaining = self.remaining();
        let Some(length) = usize::try_from(length).ok().filter(|&length| length <= remaining) else {
            return Err(self
                .error(format!("{what} at byte {} needs {length} bytes, found {remaining}", self.position)));
        };
        let start = self.position;
        self.position += length;
        Ok(start..self.position)
    }

    fn array<const N: usize>(&mut self, what: &str) -> Result<[u8; N]> {
        let range = self.take(N as u64, what)?;
        let mut bytes = [0; N];
        bytes.copy_from_slice(&self.bytes[range]);
        Ok(bytes)
    }

    pub(super) fn u8(&mut self, what: &str) -> Result<u8> {
        Ok(self.array::<1>(what)?[0])
    }

    pub(super) fn u16(&mut self, what: &str) -> Result<u16> {
        Ok(u16::from_le_bytes(self.array(what)?))
    }

    pub(super) fn u32(&mut self, what: &str) -> Result<u32> {
        Ok(u32::from_le_bytes(self.array(what)?))
    }

    pub(super) fn u64(&mut self, what: &str) -> Result<u64> {
        Ok(u64::from_le_bytes(self.array(what)?))
    }

    /// The range of a length-prefixed string.
    pub(super) fn string_range(&mut self, what: &str) -> Result<Range<usize>> {
        let length = self.u64(what)?;
        self.take(length, what)
    }

    /// A length-prefixed string in UTF-8.
    pub(super) fn string(&mut self, what: &str) -> Result<&'a str> {
        let range = self.string_range(what)?;
        let start = range.start;
        std::str::from_utf8(&self.bytes[range])
            .map_err(|_| self.error(format!("{what} at byte {start} is not valid UTF-8")))
    }
}
