use std::io::{self, Write};

use super::header::{DEFAULT_ALIGNMENT, MAGIC, VERSION, is_alignment};
use super::layout::byte_length;
use super::value::{GgufValue, text};
use crate::quantisation::Quantisation;
use crate::{Error, Result};

/// A GGUF file in the making.
///
/// Metadata and tensors are declared first; then the file is written from its beginning to its end, and the weights pass
/// through without being kept.
///
/// ```
/// use rushlight_models::{GgufWriter, Quantisation};
///
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let mut writer = GgufWriter::new();
/// writer.entry("general.architecture", "llama").entry("llama.block_count", 1_u32);
/// writer.tensor("output_norm.weight", &[2], Quantisation::F32)?;
/// let mut body = writer.begin(Vec::new())?;
/// body.write(&1.0_f32.to_le_bytes())?;
/// body.write(&0.5_f32.to_le_bytes())?;
/// let file: Vec<u8> = body.finish()?;
/// # assert!(file.starts_with(b"GGUF"));
/// # Ok(())
/// # }
/// ```
#[derive(Debug, Clone, Default)]
pub struct GgufWriter {
    entries: Vec<(String, GgufValue)>,
    tensors: Vec<Declared>,
}

/// A tensor whose bytes are yet to come.
#[derive(Debug, Clone)]
struct Declared {
    name: String,
    /// The slowest dimension first.
    shape: Vec<usize>,
    quantisation: Quantisation,
    length: u64,
}

impl GgufWriter {
    /// A file without metadata and tensors.
    pub fn new() -> Self {
        Self::default()
    }

    /// Sets the value of a metadata key, instead of an earlier one. Tensors are aligned to what `general.alignment` says,
    /// or to 32 bytes.
    pub fn entry(&mut self, key: &str, value: impl Into<GgufValue>) -> &mut Self {
        let value = value.into();
        match self.entries.iter_mut().find(|(known, _)| known == key) {
            Some((_, old)) => *old = value,
            None => self.entries.push((key.to_owned(), value)),
        }
        self
    }

    /// Declares the next tensor, of dimensions of which the slowest comes first: a matrix is `[rows, columns]`.
    ///
    /// # Errors
    ///
    /// [`Error::Tensor`] for a name that is there already, for a shape without elements or of more than four dimensions,
    /// and for rows that are no whole blocks of the type.
    pub fn tensor(&mut self, name: &str, shape: &[usize], quantisation: Quantisation) -> Result<&mut Self> {
        if self.tensors.iter().any(|tensor| tensor.name == name) {
            return Err(Error::tensor(name, "is declared twice"));
        }
        let length = byte_length(name, shape, quantisation)?;
        let (name, shape) = (name.to_owned(), shape.to_vec());
        self.tensors.push(Declared { name, shape, quantisation, length });
        Ok(self)
    }

    /// Writes everything but the tensors' bytes.
    ///
    /// # Errors
    ///
    /// Those of `out`, and [`InvalidInput`](io::ErrorKind::InvalidInput) for a `general.alignment` that is no power of two
    /// in 32 bits, or less than 8.
    pub fn begin<W: Write>(&self, mut out: W) -> io::Result<GgufBody<W>> {
        let alignment = self.alignment()?;
        let mut header = MAGIC.to_vec();
        header.extend(VERSION.to_le_bytes());
        header.extend((self.tensors.len() as u64).to_le_bytes());
        header.extend((self.entries.len() as u64).to_le_bytes());
        for (key, value) in &self.entries {
            header.extend(text(key));
            header.extend(value.bytes());
        }
        let mut offset = 0;
        for Declared { name, shape, quantisation, length } in &self.tensors {
            header.extend(text(name));
            header.extend((shape.len() as u32).to_le_bytes());
            header.extend(shape.iter().rev().flat_map(|&dimension| (dimension as u64).to_le_bytes()));
            header.extend(quantisation.number().to_le_bytes());
            header.extend(u64::to_le_bytes(offset));
            offset += length.next_multiple_of(alignment);
        }
        header.resize((header.len() as u64).next_multiple_of(alignment) as usize, 0);
        out.write_all(&header)?;
        let tensors = self.tensors.iter().map(|tensor| (tensor.name.clone(), tensor.length)).collect();
        Ok(GgufBody { out, alignment, tensors, current: 0, written: 0 })
    }

    fn alignment(&self) -> io::Result<u64> {
        let Some((key, value)) = self.entries.iter().find(|(key, _)| key == "general.alignment") else {
            return Ok(DEFAULT_ALIGNMENT);
        };
        match value.as_u32() {
            Some(bytes) if is_alignment(bytes.into()) => Ok(bytes.into()),
            _ => Err(misuse(format!("expected `{key}` to be a power of two of at least 8 in 32 bits"))),
        }
    }
}

/// A GGUF file whose header is written, and whose tensors' bytes follow.
#[derive(Debug)]
pub struct GgufBody<W> {
    out: W,
    alignment: u64,
    /// Names and lengths.
    tensors: Vec<(String, u64)>,
    /// The tensor that is being written, and how much of it is there.
    current: usize,
    written: u64,
}

impl<W: Write> GgufBody<W> {
    /// Writes the next bytes of the tensors, which come in the order in which they were declared: a whole tensor or a
    /// part of one.
    ///
    /// # Errors
    ///
    /// Those of the file, and [`InvalidInput`](io::ErrorKind::InvalidInput) for bytes that reach beyond their tensor.
    pub fn write(&mut self, bytes: &[u8]) -> io::Result<()> {
        let Some((name, length)) = self.tensors.get(self.current) else {
            return Err(misuse(format!("expected no bytes after the last tensor, got {}", bytes.len())));
        };
        let left = length - self.written;
        if bytes.len() as u64 > left {
            return Err(misuse(format!("tensor `{name}`: expected {left} more bytes, got {}", bytes.len())));
        }
        self.out.write_all(bytes)?;
        self.written += bytes.len() as u64;
        if self.written == *length {
            let padding = length.next_multiple_of(self.alignment) - length;
            self.out.write_all(&vec![0; padding as usize])?;
            (self.current, self.written) = (self.current + 1, 0);
        }
        Ok(())
    }

    /// Ends the file, flushes it and gives it back.
    ///
    /// # Errors
    ///
    /// Those of the file, and [`InvalidInput`](io::ErrorKind::InvalidInput) if a tensor lacks bytes.
    pub fn finish(mut self) -> io::Result<W> {
        if let Some((name, length)) = self.tensors.get(self.current) {
            let message = format!("tensor `{name}`: expected {length} bytes, got {}", self.written);
            return Err(misuse(message));
        }
        self.out.flush()?;
        Ok(self.out)
    }
}

fn misuse(message: String) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidInput, message)
}
