//! CPU kernels of rushlight: products of activations with quantised weights, and the few vector functions that
//! language models need between them.
//!
//! The main function is [`matmul`]: weights are the blocks of a GGUF file (ggml's layouts, [`QuantType`]), put by
//! [`pack`] into the order in which they are read, without a byte more; activations are quantised in groups, products of
//! a group are exact integers. The instruction set is chosen once, at run time ([`cpu::active`]).
//! [`matmul_floats`] multiplies with plain floats where they lie, [`FixedMatrix`] with 13 bits of what were floats.
//! [`CodedRows`] says how near many vectors are to one.
//!
//! Two promises hold on every path and are tested bit for bit:
//!
//! - a row of the result does not depend on how many rows are computed with it;
//! - every instruction set gives the result of the portable code in `scalar.rs`.
//!
//! ```
//! use rushlight_kernels::{QuantType, matmul, pack};
//!
//! // One weight row of 32 values: scale 0.5 (f16), quants 0..32.
//! let mut row = vec![0x00, 0x38];
//! row.extend(0..32_u8);
//! let mut weights = vec![0; QuantType::Q8_0.packed_bytes(1, 32).unwrap_or_default()];
//! pack(QuantType::Q8_0, &row, 1, 32, &mut weights)?;
//!
//! let x = [1.0; 32];
//! let mut out = [0.0];
//! matmul(QuantType::Q8_0, &weights, 1, 32, &x, 1, &mut out)?;
//! assert!((out[0] - 248.0).abs() < 0.1);
//! # Ok::<(), rushlight_kernels::ShapeError>(())
//! ```

#![warn(missing_docs)]
#![expect(
    clippy::inline_always,
    reason = "code gets the instruction set of the function that it is inlined into"
)]

pub mod cpu;

mod activations;
#[cfg(target_arch = "x86_64")]
mod amx;
mod attention;
#[cfg(target_arch = "x86_64")]
mod avx2;
#[cfg(target_arch = "x86_64")]
mod avx512;
mod block;
mod codes;
mod fixed;
mod floats;
#[cfg(target_arch = "x86_64")]
mod format;
mod halves;
#[cfg(target_arch = "x86_64")]
mod kernel;
mod mapped;
mod matmul;
mod packed;
mod panel;
mod quant_type;
mod scalar;
#[cfg(target_arch = "x86_64")]
mod simd;
mod split;
#[cfg(target_arch = "x86_64")]
mod square;
mod team;
#[cfg(test)]
mod testing;
mod vector;

pub use attention::{Attended, KvPage, PAGE, RelativeBias, attend, attend_with_bias};
pub use block::dequantize_row;
pub use codes::{CodedQuery, CodedRows, Nearness};
pub use fixed::{Activation, FixedMatrix};
pub use floats::{FloatFactor, FloatType, matmul_floats};
pub use mapped::MappedRests;
pub use matmul::{Factor, matmul, matmul_each};
pub use packed::{dequantize_packed_row, pack};
pub use panel::LANES;
pub use quant_type::{QuantType, ShapeError};
pub use team::{alone, for_each, lead, threads};
pub use vector::{
    add_scaled, dot, find_non_finite, gelu_erf, gelu_mul, greatest, layer_norm, rms_norm, silu_mul, softmax,
};
