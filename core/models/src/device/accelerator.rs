use std::fmt::Debug;
use std::sync::Arc;

use crate::Result;
use crate::kv::PagesElsewhere;
use crate::nn::Segment;
use crate::step::StepLogits;

/// A decoder whose weights, keys and values are on a device.
pub(crate) trait Accelerator: Debug + Send + Sync {
    /// The pages of its sequences.
    fn pages(&self) -> Arc<dyn PagesElsewhere>;

    /// The same as `Decoder::forward`, up to rounding, which may depend on who shares the pass.
    fn forward(&self, segments: &mut [Segment<'_>], logits: &mut StepLogits) -> Result<()>;
}

/// An error of this device.
#[cfg(feature = "candle")]
pub(crate) fn failed(
    device: super::Device,
    source: impl Into<Box<dyn std::error::Error + Send + Sync>>,
) -> crate::Error {
    crate::Error::Device { device: device.to_string(), source: source.into() }
}
