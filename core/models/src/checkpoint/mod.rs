//! What the files of a language model hold, whichever files these are.
//!
//! A GGUF file has everything in one place. A folder as the Hugging Face Hub has it spreads it over `config.json`,
//! safetensors, `tokenizer.json` and others, under other names and with a few numbers in another form. Both become the
//! same [`Checkpoint`]; architectures know only GGUF's names, and nothing but the files of this folder and of [`arch`]
//! knows an architecture by name.
//!
//! [`arch`]: crate::arch

mod config_json;
mod convert;
mod file;
mod folder;
mod model;
mod names;
mod rope_json;
mod shards;

pub(crate) use convert::Converted;
#[cfg(all(test, feature = "candle"))]
pub(crate) use file::decoder;
pub(crate) use folder::is_language_model;
pub use model::Checkpoint;
