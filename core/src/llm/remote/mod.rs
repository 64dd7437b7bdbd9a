//! Models behind servers that speak `OpenAI`'s protocol for chat completions.

mod body;
mod calls;
mod chunk;
mod failure;
mod generation;
mod model;
mod options;

pub use model::RemoteLlm;
pub use options::{Dialect, RemoteLlmOptions};
