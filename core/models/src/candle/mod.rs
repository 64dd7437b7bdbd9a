//! Forward passes with candle's kernels: NVIDIA and Apple GPUs, and the CPU for tests.
//!
//! The weights keep the quantisation of the file. Keys and values of all sequences lie in one store for each layer, in
//! pages whose numbers the caches have; linear layers compute all rows of a pass at once, attention all sequences that
//! have equally many rows.

mod arena;
mod attention;
#[cfg(feature = "cuda")]
mod cuda;
mod decoder;
mod forward;
mod host;
#[cfg(feature = "metal")]
mod metal;
mod pass;
#[cfg(test)]
mod tests;
mod weights;

#[cfg(feature = "cuda")]
pub(crate) use cuda::CUDA;
pub(crate) use host::HOST;
#[cfg(feature = "metal")]
pub(crate) use metal::METAL;

pub(crate) use decoder::CandleDecoder;
