//! Embedders.

mod hashed;
#[cfg(feature = "local")]
mod local;

pub use hashed::HashedEmbedder;
#[cfg(feature = "local")]
pub use local::LocalEmbedder;
