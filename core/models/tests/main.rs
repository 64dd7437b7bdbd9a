//! Tests of the public interface with real models, which `cargo xtask models` fetches.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

mod chunks;
mod cross_encoder;
#[cfg(feature = "candle")]
mod device;
mod encoder;
mod folder;
mod grammar;
mod greedy;
mod kv;
mod logits;
#[cfg(target_os = "linux")]
mod memory;
mod prefix;
mod quantize;
mod support;
mod templates;
mod tokenizers;
