//! Writes GGUF files for tests, sound ones and damaged ones.

use crate::quantisation::Quantisation;

/// The value of one metadata entry.
#[derive(Debug, Clone)]
pub(crate) enum Entry {
    U32(u32),
    U64(u64),
    I8(i8),
    F32(f32),
    Bool(bool),
    String(String),
    Strings(Vec<String>),
    I32s(Vec<i32>),
    F32s(Vec<f32>),
    /// A type number and bytes, as they are.
    Raw(u32, Vec<u8>),
}

impl Entry {
    fn encode(&self) -> Vec<u8> {
        let (kind, bytes): (u32, Vec<u8>) = match self {
            Self::U32(value) => (4, value.to_le_bytes().into()),
            Self::U64(value) => (10, value.to_le_bytes().into()),
            Self::I8(value) => (1, value.to_le_bytes().into()),
            Self::F32(value) => (6, value.to_le_bytes().into()),
            Self::Bool(value) => (7, vec![u8::from(*value)]),
            Self::String(text) => (8, string(text)),
            Self::Strings(texts) => (9, array(8, texts.iter().map(|text| string(text)).collect())),
            Self::I32s(values) => {
                (9, array(5, values.iter().map(|value| value.to_le_bytes().into()).collect()))
            }
            Self::F32s(values) => {
                (9, array(6, values.iter().map(|value| value.to_le_bytes().into()).collect()))
            }
            Self::Raw(kind, bytes) => (*kind, bytes.clone()),
        };
        [kind.to_le_bytes().to_vec(), bytes].concat()
    }
}

pub(crate) fn string(text: &str) -> Vec<u8> {
    [&(text.len() as u64).to_le_bytes(), text.as_bytes()].concat()
}

pub(crate) fn array(kind: u32, elements: Vec<Vec<u8>>) -> Vec<u8> {
    let head = [kind.to_le_bytes().to_vec(), (elements.len() as u64).to_le_bytes().to_vec()];
    head.into_iter().chain(elements).flatten().collect()
}

/// One tensor as the header describes it, and its bytes.
#[derive(Debug, Clone)]
pub(crate) struct Tensor {
    pub(crate) name: String,
    /// The fastest dimension first, as in the file.
    pub(crate) dimensions: Vec<u64>,
    pub(crate) kind: u32,
    /// Where the header says that the bytes are; none: where they are.
    pub(crate) offset: Option<u64>,
    pub(crate) bytes: Vec<u8>,
}

/// A file in parts, each of which can be replaced by a wrong one.
#[derive(Debug, Clone)]
pub(crate) struct Writer {
    pub(crate) magic: [u8; 4],
    pub(crate) version: u32,
    pub(crate) tensor_count: Option<u64>,
    pub(crate) entry_count: Option<u64>,
    pub(crate) alignment: usize,
    pub(crate) entries: Vec<(String, Entry)>,
    pub(crate) tensors: Vec<Tensor>,
}

impl Writer {
    pub(crate) fn new() -> Self {
        Self {
            magic: *b"GGUF",
            version: 3,
            tensor_count: None,
            entry_count: None,
            alignment: 32,
            entries: Vec::new(),
            tensors: Vec::new(),
        }
    }

    pub(crate) fn entry(mut self, key: &str, entry: Entry) -> Self {
        self.entries.push((key.to_owned(), entry));
        self
    }

    /// Adds a tensor whose slowest dimension comes first in `shape`.
    pub(crate) fn tensor(mut self, name: &str, shape: &[usize], kind: Quantisation, bytes: Vec<u8>) -> Self {
        let dimensions = shape.iter().rev().map(|&dimension| dimension as u64).collect();
        let tensor = Tensor { name: name.to_owned(), dimensions, kind: kind.number(), offset: None, bytes };
        self.tensors.push(tensor);
        self
    }

    pub(crate) fn build(&self) -> Vec<u8> {
        let mut file = self.magic.to_vec();
        file.extend(self.version.to_le_bytes());
        file.extend(self.tensor_count.unwrap_or(self.tensors.len() as u64).to_le_bytes());
        file.extend(self.entry_count.unwrap_or(self.entries.len() as u64).to_le_bytes());
        for (key, entry) in &self.entries {
            file.extend(string(key));
            file.extend(entry.encode());
        }
        let mut data = Vec::new();
        for tensor in &self.tensors {
            data.resize(data.len().next_multiple_of(self.alignment), 0);
            file.extend(string(&tensor.name));
            file.extend((tensor.dimensions.len() as u32).to_le_bytes());
            tensor.dimensions.iter().for_each(|dimension| file.extend(dimension.to_le_bytes()));
            file.extend(tensor.kind.to_le_bytes());
            file.extend(tensor.offset.unwrap_or(data.len() as u64).to_le_bytes());
            data.extend(&tensor.bytes);
        }
        file.resize(file.len().next_multiple_of(self.alignment), 0);
        file.extend(data);
        file
    }
}
