use std::collections::{BTreeMap, HashMap};
use std::ops::Range;
use std::path::Path;

use super::cursor::Cursor;
use super::layout::{Claim, TensorInfo, place};
use super::metadata::Value;
use crate::{Error, Result};

pub(super) const MAGIC: [u8; 4] = *b"GGUF";
/// The version that is written.
pub(super) const VERSION: u32 = 3;
pub(super) const DEFAULT_ALIGNMENT: u64 = 32;
const MAX_ALIGNMENT: i128 = 1 << 20;
/// A key, a type and one byte.
const SMALLEST_ENTRY: usize = 8 + 4 + 1;
/// A name, a dimension count, one dimension, a type and an offset.
const SMALLEST_TENSOR: usize = 8 + 4 + 8 + 4 + 8;

/// Everything in front of the tensor data.
#[derive(Debug)]
pub(super) struct Header {
    pub(super) metadata: HashMap<String, Entry>,
    pub(super) tensors: BTreeMap<String, TensorInfo>,
}

/// One metadata value, and where its type and its bytes are.
#[derive(Debug)]
pub(super) struct Entry {
    pub(super) value: Value,
    pub(super) range: Range<usize>,
}

impl Header {
    /// Parses and checks a whole header. Memory grows with what was read, never with what a count claims.
    pub(super) fn parse(bytes: &[u8], path: &Path) -> Result<Self> {
        let mut cursor = Cursor::new(bytes, path);
        let magic = cursor.take(4, "magic")?;
        if bytes[magic.clone()] != MAGIC {
            let found = bytes[magic].escape_ascii();
            return Err(cursor.error(format!("expected magic `GGUF`, got `{found}`")));
        }
        let version = cursor.u32("version")?;
        match version {
            2 | VERSION => {}
            _ if matches!(version.swap_bytes(), 1..=3) => {
                return Err(cursor.error("expected a little-endian file, got a big-endian one"));
            }
            _ => return Err(cursor.error(format!("expected GGUF version 2 or 3, got {version}"))),
        }
        let tensors = bounded_count(&mut cursor, SMALLEST_TENSOR, "tensor count")?;
        let entries = bounded_count(&mut cursor, SMALLEST_ENTRY, "metadata count")?;
        let metadata = read_metadata(&mut cursor, entries)?;
        let claims = read_claims(&mut cursor, tensors)?;
        let alignment = alignment(&metadata, &cursor)?;
        let data_start = (cursor.position() as u64).next_multiple_of(alignment);
        let tensors = place(claims, data_start, alignment, bytes.len() as u64)?;
        Ok(Self { metadata, tensors })
    }
}

fn bounded_count(cursor: &mut Cursor<'_>, smallest: usize, what: &str) -> Result<u64> {
    let count = cursor.u64(what)?;
    let most = (cursor.remaining() / smallest) as u64;
    if count > most {
        return Err(
            cursor.error(format!("{what} is {count}, but the rest of the file holds at most {most} of them"))
        );
    }
    Ok(count)
}

fn read_metadata(cursor: &mut Cursor<'_>, entries: u64) -> Result<HashMap<String, Entry>> {
    let mut metadata = HashMap::new();
    for _ in 0..entries {
        let key = cursor.string("metadata key")?;
        let start = cursor.position();
        let value = Value::read(cursor, &format!("metadata `{key}`"))?;
        let entry = Entry { value, range: start..cursor.position() };
        if metadata.insert(key.to_owned(), entry).is_some() {
            return Err(cursor.error(format!("metadata key `{key}` appears twice")));
        }
    }
    Ok(metadata)
}

fn read_claims(cursor: &mut Cursor<'_>, tensors: u64) -> Result<BTreeMap<String, Claim>> {
    let mut claims = BTreeMap::new();
    for _ in 0..tensors {
        let name = cursor.string("tensor name")?;
        let claim = Claim::read(cursor, name)?;
        if claims.insert(name.to_owned(), claim).is_some() {
            return Err(Error::tensor(name, "appears twice in the header"));
        }
    }
    Ok(claims)
}

fn alignment(metadata: &HashMap<String, Entry>, cursor: &Cursor<'_>) -> Result<u64> {
    match metadata.get("general.alignment").map(|entry| &entry.value) {
        None => Ok(DEFAULT_ALIGNMENT),
        Some(&Value::Integer(value)) if is_alignment(value) => Ok(value as u64),
        Some(other) => Err(cursor.error(format!(
            "expected `general.alignment` to be a power of two from 8 to {MAX_ALIGNMENT}, got {}",
            other.describe()
        ))),
    }
}

/// Whether tensors can be aligned to so many bytes.
pub(super) fn is_alignment(bytes: i128) -> bool {
    (8..=MAX_ALIGNMENT).contains(&bytes) && bytes & (bytes - 1) == 0
}
