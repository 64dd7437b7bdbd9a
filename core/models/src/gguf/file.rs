use std::path::Path;

use super::cursor::Cursor;
use super::header::Header;
use super::layout::TensorInfo;
use super::metadata::{Kind, Value, read_scalar};
use super::value::GgufValue;
use crate::map::MappedFile;
use crate::{Error, Result};

/// A GGUF file: its header parsed and checked, its tensors still in the memory map.
///
/// Every getter gives `None` for an absent key and an error that names the key for a value of another type.
#[derive(Debug)]
pub struct Gguf {
    file: MappedFile,
    header: Header,
}

impl Gguf {
    /// Maps a file and checks its whole header: magic, counts, strings, metadata, and that all tensors lie
    /// inside the file, aligned and apart. The file must not be changed in place while this value lives.
    pub fn open(path: &Path) -> Result<Self> {
        let file = MappedFile::open(path)?;
        let header = Header::parse(file.bytes(), path)?;
        let gguf = Self { file, header };
        if let Some(parts) = gguf.integer("split.count")?.filter(|&parts| parts > 1) {
            return Err(Error::Unsupported {
                what: "layout",
                name: format!("GGUF split into {parts} files"),
                known: "one file (merge the parts with llama-gguf-split)".into(),
            });
        }
        Ok(gguf)
    }

    /// The file's path.
    pub fn path(&self) -> &Path {
        self.file.path()
    }

    /// The file's length in bytes.
    pub fn size_bytes(&self) -> u64 {
        self.file.bytes().len() as u64
    }

    /// `general.name`, or the file's own name without its extension.
    pub fn name(&self) -> Result<String> {
        let stem = || self.path().file_stem().unwrap_or_default().to_string_lossy().into_owned();
        Ok(self.string("general.name")?.filter(|name| !name.is_empty()).map_or_else(stem, str::to_owned))
    }

    /// The metadata keys, in no order.
    pub fn keys(&self) -> impl Iterator<Item = &str> {
        self.header.metadata.keys().map(String::as_str)
    }

    /// The tensors by name.
    pub fn tensors(&self) -> impl Iterator<Item = (&str, &TensorInfo)> {
        self.header.tensors.iter().map(|(name, info)| (name.as_str(), info))
    }

    /// One tensor's place and type.
    pub fn tensor(&self, name: &str) -> Option<&TensorInfo> {
        self.header.tensors.get(name)
    }

    /// A value of any type as it is in the file, for another file.
    pub fn value(&self, key: &str) -> Option<GgufValue> {
        let entry = self.header.metadata.get(key)?;
        Some(GgufValue::raw(self.file.bytes()[entry.range.clone()].to_vec()))
    }

    /// A text.
    pub fn string(&self, key: &str) -> Result<Option<&str>> {
        match self.find(key) {
            None => Ok(None),
            Some(Value::String(range)) => self.text(key, range.clone()).map(Some),
            Some(other) => Err(self.mismatch(key, "a string", other)),
        }
    }

    /// A number of any integer type.
    pub fn integer(&self, key: &str) -> Result<Option<i64>> {
        match self.find(key) {
            None => Ok(None),
            Some(found @ &Value::Integer(value)) => i64::try_from(value)
                .map(Some)
                .map_err(|_| self.mismatch(key, "an integer of 63 bits and a sign", found)),
            Some(other) => Err(self.mismatch(key, "an integer", other)),
        }
    }

    /// A number of any integer type that is not negative and fits 32 bits: a count, a size or a token id.
    pub fn count(&self, key: &str) -> Result<Option<usize>> {
        match self.find(key) {
            None => Ok(None),
            Some(&Value::Integer(value)) if (0..=i128::from(u32::MAX)).contains(&value) => {
                Ok(Some(value as usize))
            }
            Some(other) => Err(self.mismatch(key, "an integer from 0 to 4294967295", other)),
        }
    }

    /// A number of any type, as a float.
    pub fn float(&self, key: &str) -> Result<Option<f32>> {
        match self.find(key) {
            None => Ok(None),
            Some(&Value::Float(value)) if value.is_finite() => Ok(Some(value as f32)),
            Some(&Value::Integer(value)) => Ok(Some(value as f32)),
            Some(other) => Err(self.mismatch(key, "a finite number", other)),
        }
    }

    /// A truth value.
    pub fn boolean(&self, key: &str) -> Result<Option<bool>> {
        match self.find(key) {
            None => Ok(None),
            Some(&Value::Bool(value)) => Ok(Some(value)),
            Some(other) => Err(self.mismatch(key, "a bool", other)),
        }
    }

    /// A list of texts, which stay in the memory map.
    pub fn strings(&self, key: &str) -> Result<Option<Vec<&str>>> {
        match self.find(key) {
            None => Ok(None),
            Some(Value::Array { kind: Kind::String, count, range }) => {
                let mut cursor = Cursor::new(&self.file.bytes()[..range.end], self.path());
                cursor.take(range.start as u64, key)?;
                (0..*count)
                    .map(|_| cursor.string(&format!("metadata `{key}`")))
                    .collect::<Result<_>>()
                    .map(Some)
            }
            Some(other) => Err(self.mismatch(key, "an array of string", other)),
        }
    }

    /// A list of integers of any integer type.
    pub fn integers(&self, key: &str) -> Result<Option<Vec<i64>>> {
        let convert = |value: &Value| match *value {
            Value::Integer(value) => i64::try_from(value).ok(),
            _ => None,
        };
        self.numbers(key, "an array of integers", convert)
    }

    /// A list of numbers of any type, as floats.
    pub fn floats(&self, key: &str) -> Result<Option<Vec<f32>>> {
        let convert = |value: &Value| match *value {
            Value::Float(value) => Some(value as f32),
            Value::Integer(value) => Some(value as f32),
            _ => None,
        };
        self.numbers(key, "an array of numbers", convert)
    }

    /// The value, or an error that names the missing key.
    pub fn required<T>(&self, key: &str, value: Option<T>) -> Result<T> {
        value.ok_or_else(|| Error::format(self.path(), format!("metadata `{key}` is missing")))
    }

    /// An error about one metadata value.
    pub(crate) fn invalid(&self, key: &str, message: &str) -> Error {
        Error::format(self.path(), format!("metadata `{key}`: {message}"))
    }

    pub(crate) fn file(&self) -> &MappedFile {
        &self.file
    }

    fn find(&self, key: &str) -> Option<&Value> {
        self.header.metadata.get(key).map(|entry| &entry.value)
    }

    fn numbers<T>(
        &self,
        key: &str,
        expected: &str,
        convert: impl Fn(&Value) -> Option<T>,
    ) -> Result<Option<Vec<T>>> {
        let Some(found) = self.find(key) else { return Ok(None) };
        let Value::Array { kind, count, range } = found else {
            return Err(self.mismatch(key, expected, found));
        };
        if kind.size().is_none() {
            return Err(self.mismatch(key, expected, found));
        }
        let mut cursor = Cursor::new(&self.file.bytes()[..range.end], self.path());
        cursor.take(range.start as u64, key)?;
        let mut numbers = Vec::with_capacity(*count);
        for _ in 0..*count {
            let value = read_scalar(&mut cursor, *kind, key)?;
            numbers.push(convert(&value).ok_or_else(|| self.mismatch(key, expected, found))?);
        }
        Ok(Some(numbers))
    }

    fn text(&self, key: &str, range: std::ops::Range<usize>) -> Result<&str> {
        std::str::from_utf8(&self.file.bytes()[range]).map_err(|_| self.invalid(key, "is not valid UTF-8"))
    }

    fn mismatch(&self, key: &str, expected: &str, found: &Value) -> Error {
        self.invalid(key, &format!("expected {expected}, got {}", found.describe()))
    }
}
