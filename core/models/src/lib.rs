//! Token ids in, logits out: model files, architectures, tokenizers and chat templates.
//!
//! ```no_run
//! use std::path::Path;
//! use rushlight_models::{LanguageModel, LoadOptions, Special, Step};
//!
//! # fn main() -> rushlight_models::Result<()> {
//! let model = LanguageModel::open(Path::new("model.gguf"), &LoadOptions::default())?;
//! let prompt = model.tokenizer().encode("Once upon a time", Special::Text)?;
//! let mut cache = model.new_cache();
//! let logits = model.forward(&mut [Step::new(&prompt, &mut cache)])?;
//! assert_eq!(logits[0].len(), model.info().vocabulary);
//! # Ok(())
//! # }
//! ```
//!
//! The main type is [`LanguageModel`]: a model's weights, shared by reference. What a sequence has
//! computed lives in its [`KvCache`]. [`Encoder`] turns sentences into vectors, [`CrossEncoder`] compares two texts. [`hub`]
//! finds model files.

mod arch;
#[cfg(feature = "candle")]
mod candle;
mod chat;
mod checkpoint;
mod device;
mod encoder;
mod error;
mod gguf;
mod grammar;
pub mod hub;
mod info;
mod json_file;
mod kv;
mod load;
mod map;
mod memory;
mod model;
mod nn;
mod packed;
mod quantisation;
mod quantize;
mod safetensors;
mod sampler;
mod step;
mod stop;
mod temporary;
mod tokenizer;
mod weights;

pub use chat::{CallSyntax, ChatTemplate, Conversation, ToolSupport};
pub use checkpoint::Checkpoint;
pub use device::{Device, DeviceInfo, devices};
pub use encoder::{CrossEncoder, Encoder, EncoderOptions};
pub use error::{Error, Result};
pub use gguf::{Gguf, GgufBody, GgufValue, GgufWriter, TensorInfo};
pub use grammar::{Calls, Grammar, Grammars, Matcher};
pub use info::ModelInfo;
pub use kv::{KvCache, KvType, PrefixTree, SavedPrefix};
pub use load::{LoadProgress, LoadStage};
pub use memory::{MemoryEstimate, free_memory};
pub use model::{Kernels, LanguageModel, LoadOptions, WeightLayout};
pub use quantisation::Quantisation;
pub use quantize::{
    QuantizeOptions, QuantizeProgress, QuantizeReport, QuantizedTensor, QuantizedType, quantize,
};
pub use sampler::{Sampler, SamplerOptions};
pub use step::{Logits, Step, StepLogits};
pub use stop::{StopStrings, Stopping};
pub use tokenizer::{Detokenizer, Encoded, Special, Tokenizer};
