use std::path::Path;

use safetensors::SafeTensorError;
use safetensors::tensor::TensorInfo;
use serde_json::Value;

use crate::map::{Bytes, MappedFile};
use crate::quantisation::Quantisation;
use crate::{Error, Result};

/// A safetensors file whose header has been checked: offsets inside the file, one tensor after the other.
pub(crate) struct SafeTensors<'a> {
    tensors: safetensors::SafeTensors<'a>,
    /// A prefix of all names, which some exporters write.
    prefix: &'static str,
}

impl<'a> SafeTensors<'a> {
    pub(crate) fn parse(file: &'a MappedFile) -> Result<Self> {
        Self::from_bytes(file.bytes(), file.path())
    }

    fn from_bytes(bytes: &'a [u8], path: &Path) -> Result<Self> {
        let tensors = safetensors::SafeTensors::deserialize(bytes)
            .map_err(|error| Error::format(path, refusal(bytes, &error)))?;
        Ok(Self { tensors, prefix: "" })
    }

    /// Looks names up below `prefix` if this tensor is there.
    pub(crate) fn with_prefix(mut self, prefix: &'static str, name: &str) -> Self {
        if self.tensors.tensor(&format!("{prefix}{name}")).is_ok() {
            self.prefix = prefix;
        }
        self
    }

    /// The values of a tensor of this shape, converted to f32.
    pub(crate) fn values(&self, name: &str, shape: &[usize]) -> Result<Vec<f32>> {
        self.outside(&format!("{}{name}", self.prefix), shape)
    }

    /// The shape of a tensor whose name never has the prefix; none if there is no such tensor.
    pub(crate) fn outside_shape(&self, name: &str) -> Option<Vec<usize>> {
        self.tensors.tensor(name).ok().map(|tensor| tensor.shape().to_vec())
    }

    /// As [`values`](Self::values), of a tensor whose name never has the prefix.
    pub(crate) fn outside(&self, name: &str, shape: &[usize]) -> Result<Vec<f32>> {
        let Ok(tensor) = self.tensors.tensor(name) else {
            return Err(Error::tensor(name, "is missing from the file"));
        };
        if tensor.shape() != shape {
            return Err(Error::tensor(name, format!("expected shape {shape:?}, got {:?}", tensor.shape())));
        }
        let kind = format!("{:?}", tensor.dtype());
        let Some(kind) = Quantisation::float(&kind) else {
            return Err(Error::tensor(name, format!("expected F32, F16 or BF16, got {kind}")));
        };
        let mut values = vec![0.0; shape.iter().product()];
        kind.dequantise(tensor.data(), &mut values);
        Ok(values)
    }
}

/// One tensor of a file.
pub(crate) struct Entry {
    pub(crate) name: String,
    pub(crate) shape: Vec<usize>,
    /// How its numbers are stored, or the name of a type that cannot be computed with.
    pub(crate) kind: Result<Quantisation, String>,
    pub(crate) bytes: Bytes,
}

/// All tensors of a file, which stay in the memory map.
pub(crate) fn entries(file: &MappedFile) -> Result<Vec<Entry>> {
    let bytes = file.bytes();
    let (header, metadata) = safetensors::SafeTensors::read_metadata(bytes)
        .map_err(|error| Error::format(file.path(), refusal(bytes, &error)))?;
    // The header comes after eight bytes with its length.
    let data = 8 + header;
    let entry = |(name, info): (String, &TensorInfo)| {
        let (start, end) = info.data_offsets;
        let kind = format!("{:?}", info.dtype);
        Entry {
            name,
            shape: info.shape.clone(),
            kind: Quantisation::float(&kind).ok_or(kind),
            bytes: Bytes::mapped(file.clone(), data + start..data + end),
        }
    };
    Ok(metadata.tensors().into_iter().map(entry).collect())
}

/// What was found in a file that is refused, and what was expected.
fn refusal(bytes: &[u8], error: &SafeTensorError) -> String {
    let found = bytes.len();
    let Some((length, rest)) = bytes.split_first_chunk() else {
        return format!("expected 8 bytes with the length of the header, found {found}");
    };
    let length = u64::from_le_bytes(*length);
    match error {
        SafeTensorError::HeaderTooLarge | SafeTensorError::InvalidHeaderLength => {
            format!("expected a header of at most {} bytes, found a length of {length}", rest.len())
        }
        SafeTensorError::MetadataIncompleteBuffer => {
            let data = rest.len() - length as usize;
            format!("expected that the tensors take up all of the {data} bytes after the header")
        }
        SafeTensorError::InvalidOffset(name) => {
            let header: Value = serde_json::from_slice(&rest[..length as usize]).unwrap_or_default();
            let offsets = &header[name]["data_offsets"];
            format!(
                "tensor `{name}`: expected data right after the tensor before it, found offsets {offsets}"
            )
        }
        error => error.to_string(),
    }
}

#[cfg(test)]
mod tests;
