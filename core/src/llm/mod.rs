//! What is said next: language models behind one trait.

#[cfg(any(feature = "local", test))]
mod calls;
mod completion;
#[cfg(feature = "local")]
mod local;
mod pieces;
mod prompt;
#[cfg(feature = "remote")]
mod remote;
mod scripted;
mod shared;

use std::fmt::Debug;

use async_trait::async_trait;
use futures::stream::BoxStream;

pub use completion::{Completion, Delta, FinishReason, LlmExt};
#[cfg(feature = "local")]
pub use local::{
    Device, DeviceInfo, EvictionPriority, Kernels, KvReuse, KvType, LoadProgress, LoadStage, LocalLlm,
    LocalLlmOptions, LocalLlmStats, LocalLlmStatus, MemoryEstimate, ModelInfo, ModelRegistry,
    ModelRegistryOptions, QuantizeOptions, QuantizeProgress, QuantizeReport, QuantizedTensor, QuantizedType,
    RegisteredModel, WeightLayout, devices, quantize, quantize_with_progress,
};
pub use pieces::from_pieces;
pub use prompt::{Citable, Priority, Prompt, Sampling, ToolChoice};
#[cfg(feature = "remote")]
pub use remote::{Dialect, RemoteLlm, RemoteLlmOptions};
pub use scripted::{ScriptedCall, ScriptedLlm, ScriptedTurn};

use crate::Result;

/// The pieces of one generation, in order; the last is [`Delta::Done`] unless the stream ends with an error.
pub type DeltaStream = BoxStream<'static, Result<Delta>>;

/// A language model.
///
/// # Behaviour
///
/// - [`generate`](Llm::generate) streams text and tool calls as they are produced, then one
///   [`Delta::Done`], then nothing. An error is the last item.
/// - A prompt longer than [`context_window`](Llm::context_window) is refused with
///   [`Error::ContextTooLong`](crate::Error::ContextTooLong) before anything is computed.
/// - The same prompt with the same seed gives the same deltas; at temperature 0 the seed has no influence.
/// - It never runs a tool: it only asks for it, as [`tool_choice`](Prompt::tool_choice) says; a model that cannot be made
///   to may answer all the same.
///
/// # Cancellation
///
/// Dropping the stream stops the work within one forward pass (local) or closes the connection (remote).
#[async_trait]
pub trait Llm: Debug + Send + Sync + 'static {
    /// Starts to answer `prompt`.
    async fn generate(&self, prompt: Prompt) -> Result<DeltaStream>;

    /// Computes what prompts with these messages and tools begin with, so that the first of them need not. Says nothing,
    /// and changes no answer. Default: does nothing, for models that keep nothing from one prompt to the next.
    async fn warm_up(&self, _prompt: Prompt) -> Result<()> {
        Ok(())
    }

    /// How many tokens prompt and answer may have together.
    fn context_window(&self) -> usize;

    /// The number of tokens of `text` for this model, without special tokens; 0 for an empty text.
    fn count_tokens(&self, text: &str) -> Result<usize>;

    /// The model's identity, for cache keys and reports: equal names give equal answers.
    fn name(&self) -> &str;
}
