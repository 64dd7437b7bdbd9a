use super::metadata::Kind;

/// A metadata value as a GGUF file has it: made from a truth value, a number, a text, or a list of one of these; or
/// [taken](super::Gguf::value) out of another file as it is there.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct GgufValue {
    /// The number of its type, then its bytes.
    bytes: Vec<u8>,
}

impl GgufValue {
    /// From the number of a type and bytes, as they are.
    pub(super) fn raw(bytes: Vec<u8>) -> Self {
        Self { bytes }
    }

    /// The number of its type, then its bytes.
    pub(super) fn bytes(&self) -> &[u8] {
        &self.bytes
    }

    /// The number, if that is its type.
    pub(super) fn as_u32(&self) -> Option<u32> {
        let (kind, value) = self.bytes.split_first_chunk()?;
        let is_u32 = u32::from_le_bytes(*kind) == Kind::U32.number();
        value.try_into().ok().map(u32::from_le_bytes).filter(|_| is_u32)
    }

    fn scalar(kind: Kind, value: &[u8]) -> Self {
        Self { bytes: [&kind.number().to_le_bytes(), value].concat() }
    }

    fn array(kind: Kind, elements: impl ExactSizeIterator<Item: AsRef<[u8]>>) -> Self {
        let mut bytes = Kind::Array.number().to_le_bytes().to_vec();
        bytes.extend(kind.number().to_le_bytes());
        bytes.extend((elements.len() as u64).to_le_bytes());
        for element in elements {
            bytes.extend(element.as_ref());
        }
        Self { bytes }
    }
}

/// A text with its length before it.
pub(super) fn text(text: &str) -> Vec<u8> {
    [&(text.len() as u64).to_le_bytes(), text.as_bytes()].concat()
}

macro_rules! numbers {
    ($($number:ident $kind:ident),*) => {
        $(
            impl From<$number> for GgufValue {
                fn from(value: $number) -> Self {
                    Self::scalar(Kind::$kind, &value.to_le_bytes())
                }
            }

            impl From<&[$number]> for GgufValue {
                fn from(values: &[$number]) -> Self {
                    Self::array(Kind::$kind, values.iter().map(|value| value.to_le_bytes()))
                }
            }
        )*
    };
}

numbers!(u8 U8, i8 I8, u16 U16, i16 I16, u32 U32, i32 I32, f32 F32, u64 U64, i64 I64, f64 F64);

impl From<bool> for GgufValue {
    fn from(value: bool) -> Self {
        Self::scalar(Kind::Bool, &[value.into()])
    }
}

impl From<&[bool]> for GgufValue {
    fn from(values: &[bool]) -> Self {
        Self::array(Kind::Bool, values.iter().map(|&value| [u8::from(value)]))
    }
}

impl From<&str> for GgufValue {
    fn from(value: &str) -> Self {
        Self::scalar(Kind::String, &text(value))
    }
}

impl From<&[&str]> for GgufValue {
    fn from(values: &[&str]) -> Self {
        Self::array(Kind::String, values.iter().map(|value| text(value)))
    }
}
