//! The blocks that architectures share.

mod attention;
mod bidirectional;
mod choices;
mod config;
mod decoder;
mod dense;
mod forward;
mod full_attention;
mod linear;
mod matrix;
mod rope;
mod rows;

pub(crate) use attention::Attention;
pub(crate) use bidirectional::{Bidirectional, Embeddings, Layer, Norm, Sequence};
pub(crate) use choices::{Activation, Choices, Reach};
pub(crate) use config::Config;
#[cfg(feature = "candle")]
pub(crate) use decoder::Block;
pub(crate) use decoder::Decoder;
pub(crate) use dense::{Dense, DenseActivation};
pub(crate) use forward::{Segment, Workspace};
pub(crate) use full_attention::{Distances, FullAttention};
pub(crate) use linear::Linear;
pub(crate) use matrix::Matrix;
#[cfg(feature = "candle")]
pub(crate) use rope::Angles;
pub(crate) use rope::{Pairing, Rope};
