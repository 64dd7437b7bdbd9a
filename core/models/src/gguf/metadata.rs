use std::ops::Range;

use super::cursor::Cursor;
use crate::Result;

/// Arrays within arrays are walked this deep.
const MAX_DEPTH: usize = 4;

/// The element types of metadata, by their number in the file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    U8,
    I8,
    U16,
    I16,
    U32,
    I32,
    F32,
    Bool,
    String,
    Array,
    U64,
    I64,
    F64,
}

impl Kind {
    const ALL: [Self; 13] = [
        Self::U8,
        Self::I8,
        Self::U16,
        Self::I16,
        Self::U32,
        Self::I32,
        Self::F32,
        Self::Bool,
        Self::String,
        Self::Array,
        Self::U64,
        Self::I64,
        Self::F64,
    ];

    fn read(cursor: &mut Cursor<'_>, what: &str) -> Result<Self> {
        let number = cursor.u32(what)?;
        Self::ALL
            .get(number as usize)
            .copied()
            .ok_or_else(|| cursor.error(format!("{what} has value type {number}, expected 0 to 12")))
    }

    /// Its number in the file.
    pub(super) fn number(self) -> u32 {
        self as u32
    }

    pub(super) fn name(self) -> &'static str {
        match self {
            Self::U8 => "u8",
            Self::I8 => "i8",
            Self::U16 => "u16",
            Self::I16 => "i16",
            Self::U32 => "u32",
            Self::I32 => "i32",
            Self::F32 => "f32",
            Self::Bool => "bool",
            Self::String => "string",
            Self::Array => "array",
            Self::U64 => "u64",
            Self::I64 => "i64",
            Self::F64 => "f64",
        }
    }

    /// Bytes of one element; none for strings and arrays, whose length varies.
    pub(super) fn size(self) -> Option<usize> {
        match self {
            Self::U8 | Self::I8 | Self::Bool => Some(1),
            Self::U16 | Self::I16 => Some(2),
            Self::U32 | Self::I32 | Self::F32 => Some(4),
            Self::U64 | Self::I64 | Self::F64 => Some(8),
            Self::String | Self::Array => None,
        }
    }
}

/// One metadata value. Strings and arrays stay in the file; their bounds have been checked.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Value {
    /// Any integer type.
    Integer(i128),
    /// Any float type.
    Float(f64),
    Bool(bool),
    String(Range<usize>),
    Array {
        kind: Kind,
        count: usize,
        range: Range<usize>,
    },
}

impl Value {
    pub(super) fn read(cursor: &mut Cursor<'_>, what: &str) -> Result<Self> {
        let kind = Kind::read(cursor, what)?;
        match kind {
            Kind::Array => read_array(cursor, what, 0),
            Kind::String => Ok(Self::String(cursor.string_range(what)?)),
            scalar => read_scalar(cursor, scalar, what),
        }
    }

    pub(super) fn describe(&self) -> String {
        match self {
            Self::Integer(value) => format!("integer {value}"),
            Self::Float(value) => format!("float {value}"),
            Self::Bool(value) => format!("bool {value}"),
            Self::String(range) => format!("string of {} bytes", range.len()),
            Self::Array { kind, count, .. } => format!("array of {count} {}", kind.name()),
        }
    }
}

pub(super) fn read_scalar(cursor: &mut Cursor<'_>, kind: Kind, what: &str) -> Result<Value> {
    Ok(match kind {
        Kind::U8 => Value::Integer(cursor.u8(what)?.into()),
        Kind::I8 => Value::Integer((cursor.u8(what)? as i8).into()),
        Kind::U16 => Value::Integer(cursor.u16(what)?.into()),
        Kind::I16 => Value::Integer((cursor.u16(what)? as i16).into()),
        Kind::U32 => Value::Integer(cursor.u32(what)?.into()),
        Kind::I32 => Value::Integer((cursor.u32(what)? as i32).into()),
        Kind::U64 => Value::Integer(cursor.u64(what)?.into()),
        Kind::I64 => Value::Integer((cursor.u64(what)? as i64).into()),
        Kind::F32 => Value::Float(f32::from_bits(cursor.u32(what)?).into()),
        Kind::F64 => Value::Float(f64::from_bits(cursor.u64(what)?)),
        Kind::Bool => match cursor.u8(what)? {
            0 => Value::Bool(false),
            1 => Value::Bool(true),
            other => return Err(cursor.error(format!("{what} is bool {other}, expected 0 or 1"))),
        },
        Kind::String | Kind::Array => {
            return Err(cursor.error(format!("{what} is a {}, expected a number", kind.name())));
        }
    })
}

fn read_array(cursor: &mut Cursor<'_>, what: &str, depth: usize) -> Result<Value> {
    if depth == MAX_DEPTH {
        return Err(cursor.error(format!("{what} nests arrays deeper than {MAX_DEPTH}")));
    }
    let kind = Kind::read(cursor, what)?;
    let count = cursor.u64(what)?;
    let start = cursor.position();
    if let Some(size) = kind.size() {
        let length = count.saturating_mul(size as u64);
        cursor.take(length, what)?;
    } else {
        for _ in 0..count {
            if kind == Kind::String {
                cursor.string_range(what)?;
            } else {
                read_array(cursor, what, depth + 1)?;
            }
        }
    }
    // Every element but those of nested empty arrays takes bytes, so the count is bounded by the file.
    let count = usize::try_from(count).map_err(|_| cursor.error(format!("{what} has {count} elements")))?;
    Ok(Value::Array { kind, count, range: start..cursor.position() })
}
