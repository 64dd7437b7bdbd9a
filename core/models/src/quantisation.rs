use std::fmt;

use half::{bf16, f16};
use rushlight_kernels::{FloatType, QuantType};

/// How the numbers of a tensor are stored: plain floats, or blocks of small integers with scales as ggml
/// defines them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[expect(missing_docs, reason = "the names are ggml's own")]
pub enum Quantisation {
    F32,
    F16,
    Bf16,
    Q4_0,
    Q4_1,
    Q5_0,
    Q5_1,
    Q8_0,
    Q8_1,
    Q2K,
    Q3K,
    Q4K,
    Q5K,
    Q6K,
    Q8K,
}

impl Quantisation {
    /// All of them.
    pub const ALL: [Self; 15] = [
        Self::F32,
        Self::F16,
        Self::Bf16,
        Self::Q4_0,
        Self::Q4_1,
        Self::Q5_0,
        Self::Q5_1,
        Self::Q8_0,
        Self::Q8_1,
        Self::Q2K,
        Self::Q3K,
        Self::Q4K,
        Self::Q5K,
        Self::Q6K,
        Self::Q8K,
    ];

    /// ggml's number of the type, its name, and the elements and bytes of one block.
    const fn facts(self) -> (u32, &'static str, usize, usize) {
        match self {
            Self::F32 => (0, "F32", 1, 4),
            Self::F16 => (1, "F16", 1, 2),
            Self::Bf16 => (30, "BF16", 1, 2),
            Self::Q4_0 => (2, "Q4_0", 32, 18),
            Self::Q4_1 => (3, "Q4_1", 32, 20),
            Self::Q5_0 => (6, "Q5_0", 32, 22),
            Self::Q5_1 => (7, "Q5_1", 32, 24),
            Self::Q8_0 => (8, "Q8_0", 32, 34),
            Self::Q8_1 => (9, "Q8_1", 32, 36),
            Self::Q2K => (10, "Q2_K", 256, 84),
            Self::Q3K => (11, "Q3_K", 256, 110),
            Self::Q4K => (12, "Q4_K", 256, 144),
            Self::Q5K => (13, "Q5_K", 256, 176),
            Self::Q6K => (14, "Q6_K", 256, 210),
            Self::Q8K => (15, "Q8_K", 256, 292),
        }
    }

    /// The type of this number in a GGUF file.
    pub fn from_ggml(number: u32) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.facts().0 == number)
    }

    /// The type's number in a GGUF file.
    pub(crate) fn number(self) -> u32 {
        self.facts().0
    }

    /// The plain float type of this name.
    pub(crate) fn float(name: &str) -> Option<Self> {
        [Self::F32, Self::F16, Self::Bf16].into_iter().find(|kind| kind.facts().1 == name)
    }

    /// Elements of one block; rows are whole blocks.
    pub fn block(self) -> usize {
        self.facts().2
    }

    /// Bytes of one block.
    pub fn block_bytes(self) -> usize {
        self.facts().3
    }

    /// The kernels' name of the type, if they multiply with it as it lies in the file.
    pub(crate) fn kernel(self) -> Option<QuantType> {
        match self {
            Self::Q4_0 => Some(QuantType::Q4_0),
            Self::Q4_1 => Some(QuantType::Q4_1),
            Self::Q5_0 => Some(QuantType::Q5_0),
            Self::Q5_1 => Some(QuantType::Q5_1),
            Self::Q8_0 => Some(QuantType::Q8_0),
            Self::Q2K => Some(QuantType::Q2K),
            Self::Q3K => Some(QuantType::Q3K),
            Self::Q4K => Some(QuantType::Q4K),
            Self::Q5K => Some(QuantType::Q5K),
            Self::Q6K => Some(QuantType::Q6K),
            Self::F32 | Self::F16 | Self::Bf16 | Self::Q8_1 | Self::Q8K => None,
        }
    }

    /// The kernels' name of a plain float type.
    pub(crate) fn float_kernel(self) -> Option<FloatType> {
        match self {
            Self::F32 => Some(FloatType::F32),
            Self::F16 => Some(FloatType::F16),
            Self::Bf16 => Some(FloatType::Bf16),
            _ => None,
        }
    }

    /// Writes the values of whole blocks to `out`.
    pub(crate) fn dequantise(self, bytes: &[u8], out: &mut [f32]) {
        match self {
            Self::F32 => {
                for (out, bytes) in out.iter_mut().zip(bytes.as_chunks().0) {
                    *out = f32::from_le_bytes(*bytes);
                }
            }
            Self::F16 => {
                for (out, bytes) in out.iter_mut().zip(bytes.as_chunks().0) {
                    *out = f16::from_le_bytes(*bytes).to_f32();
                }
            }
            Self::Bf16 => {
                for (out, bytes) in out.iter_mut().zip(bytes.as_chunks().0) {
                    *out = bf16::from_le_bytes(*bytes).to_f32();
                }
            }
            Self::Q8_1 => self.scaled(bytes, out, |head| f16::from_le_bytes([head[0], head[1]]).to_f32()),
            Self::Q8K => self.scaled(bytes, out, f32::from_le_bytes),
            _ => {
                let kind = self.kernel().expect("every other type is the kernels'");
                rushlight_kernels::dequantize_row(kind, bytes, out).expect("callers pass whole blocks");
            }
        }
    }

    /// Blocks of four bytes that hold the scale, then one signed byte for each value.
    fn scaled(self, bytes: &[u8], out: &mut [f32], scale: impl Fn([u8; 4]) -> f32) {
        let blocks = bytes.chunks_exact(self.block_bytes()).zip(out.chunks_exact_mut(self.block()));
        for (bytes, out) in blocks {
            let scale = scale([bytes[0], bytes[1], bytes[2], bytes[3]]);
            for (out, &quant) in out.iter_mut().zip(&bytes[4..]) {
                *out = scale * f32::from(quant as i8);
            }
        }
    }

    /// The names of all, separated by commas.
    pub(crate) fn known() -> String {
        Self::ALL.map(|kind| kind.facts().1).join(", ")
    }
}

impl fmt::Display for Quantisation {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(self.facts().1)
    }
}
