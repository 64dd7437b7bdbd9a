use std::collections::BTreeMap;

use super::cursor::Cursor;
use crate::quantisation::Quantisation;
use crate::{Error, Result};

/// ggml knows four dimensions.
const MAX_DIMENSIONS: usize = 4;

/// One tensor of a model file: where its bytes are and what they mean.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct TensorInfo {
    /// The dimensions, the slowest first: a matrix is `[rows, columns]`, its rows contiguous.
    pub shape: Vec<usize>,
    /// How the numbers are stored.
    pub quantisation: Quantisation,
    /// The first byte, counted from the start of the file.
    pub offset: usize,
    /// The length in bytes.
    pub length: usize,
}

impl TensorInfo {
    /// The number of elements.
    pub fn elements(&self) -> usize {
        self.shape.iter().product()
    }
}

/// What the header says about one tensor, before its place in the file is known.
#[derive(Debug)]
pub(super) struct Claim {
    shape: Vec<usize>,
    quantisation: Quantisation,
    offset: u64,
    length: u64,
}

impl Claim {
    pub(super) fn read(cursor: &mut Cursor<'_>, name: &str) -> Result<Self> {
        let dimensions = cursor.u32("number of dimensions")? as usize;
        check_dimensions(name, dimensions)?;
        let shape: Result<Vec<usize>> =
            (0..dimensions).map(|_| Ok(cursor.u64("dimension")? as usize)).collect();
        let mut shape = shape?;
        shape.reverse();
        let number = cursor.u32("tensor type")?;
        let quantisation = Quantisation::from_ggml(number).ok_or_else(|| Error::Unsupported {
            what: "quantisation",
            name: format!("{} of tensor {name}", ggml_name(number)),
            known: Quantisation::known(),
        })?;
        let offset = cursor.u64("tensor offset")?;
        let length = byte_length(name, &shape, quantisation)?;
        Ok(Self { shape, quantisation, offset, length })
    }
}

fn check_dimensions(name: &str, dimensions: usize) -> Result<()> {
    if (1..=MAX_DIMENSIONS).contains(&dimensions) {
        return Ok(());
    }
    Err(Error::tensor(name, format!("expected 1 to {MAX_DIMENSIONS} dimensions, got {dimensions}")))
}

/// The bytes of a tensor, whose slowest dimension comes first in `shape`; refuses shapes that a file cannot have.
pub(super) fn byte_length(name: &str, shape: &[usize], quantisation: Quantisation) -> Result<u64> {
    check_dimensions(name, shape.len())?;
    let mut elements = 1_u64;
    for &dimension in shape.iter().rev() {
        elements = elements
            .checked_mul(dimension as u64)
            .filter(|&product| product > 0 && i64::try_from(product).is_ok())
            .ok_or_else(|| {
                Error::tensor(name, format!("dimension {dimension} makes the size zero or overflow"))
            })?;
    }
    let (block, row) = (quantisation.block(), shape[shape.len() - 1]);
    if !row.is_multiple_of(block) {
        let message =
            format!("expected rows of a multiple of {block} elements for {quantisation}, got {row}");
        return Err(Error::tensor(name, message));
    }
    (elements / block as u64)
        .checked_mul(quantisation.block_bytes() as u64)
        .ok_or_else(|| Error::tensor(name, format!("{elements} elements of {quantisation} overflow")))
}

/// Places the tensors in the file and checks that they lie inside it, aligned and apart.
pub(super) fn place(
    claims: BTreeMap<String, Claim>,
    data_start: u64,
    alignment: u64,
    file_length: u64,
) -> Result<BTreeMap<String, TensorInfo>> {
    let mut tensors = BTreeMap::new();
    let mut spans = Vec::new();
    for (name, claim) in claims {
        if claim.offset % alignment != 0 {
            return Err(Error::tensor(
                name,
                format!("expected an offset that is a multiple of {alignment}, got {}", claim.offset),
            ));
        }
        let start = data_start.checked_add(claim.offset);
        let end = start.and_then(|start| start.checked_add(claim.length));
        let (Some(start), Some(end)) = (start, end.filter(|&end| end <= file_length)) else {
            return Err(Error::tensor(
                name,
                format!(
                    "needs {} bytes at byte {} of the tensor data, which ends at byte {}: the file is truncated or its header wrong",
                    claim.length,
                    claim.offset,
                    file_length.saturating_sub(data_start)
                ),
            ));
        };
        spans.push((start, end, name.clone()));
        let info = TensorInfo {
            shape: claim.shape,
            quantisation: claim.quantisation,
            offset: start as usize,
            length: claim.length as usize,
        };
        tensors.insert(name, info);
    }
    spans.sort_unstable();
    for pair in spans.windows(2) {
        let ((_, end, first), (start, _, second)) = (&pair[0], &pair[1]);
        if start < end {
            return Err(Error::tensor(
                second,
                format!("starts at byte {start} inside tensor `{first}`, which ends at byte {end}"),
            ));
        }
    }
    Ok(tensors)
}

/// The name of a ggml type that we do not read, for the message.
fn ggml_name(number: u32) -> String {
    let name = match number {
        16 => "IQ2_XXS",
        17 => "IQ2_XS",
        18 => "IQ3_XXS",
        19 => "IQ1_S",
        20 => "IQ4_NL",
        21 => "IQ3_S",
        22 => "IQ2_S",
        23 => "IQ4_XS",
        24 => "I8",
        25 => "I16",
        26 => "I32",
        27 => "I64",
        28 => "F64",
        29 => "IQ1_M",
        34 => "TQ1_0",
        35 => "TQ2_0",
        39 => "MXFP4",
        _ => return format!("type {number}"),
    };
    name.to_owned()
}
