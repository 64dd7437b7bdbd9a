//! Embedders.

mod hashed;
#[cfg(feature = "local")]
mod local;
#[cfg(feature = "remote")]
mod remote;

pub use hashed::HashedEmbedder;
#[cfg(feature = "local")]
pub use local::LocalEmbedder;
#[cfg(feature = "remote")]
pub use remote::{RemoteEmbedder, RemoteEmbedderOptions};
#[cfg(feature = "local")]
pub use rushlight_models::EncoderOptions;
