//! Where models compute: on the CPU with our own kernels, or on a device behind a feature.

mod accelerator;
mod choice;
mod family;
mod info;

pub(crate) use accelerator::Accelerator;
#[cfg(feature = "candle")]
pub(crate) use accelerator::failed;
pub use choice::Device;
pub(crate) use family::{Family, find};
pub use info::{DeviceInfo, devices};

/// The kinds of device that are built in, the best first.
const FAMILIES: &[Family] = &[
    #[cfg(feature = "cuda")]
    crate::candle::CUDA,
    #[cfg(feature = "metal")]
    crate::candle::METAL,
    #[cfg(feature = "candle")]
    crate::candle::HOST,
];
