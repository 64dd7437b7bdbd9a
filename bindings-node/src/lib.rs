//! The private native module of the npm package `rushlight`.
//!
//! What users see is written in `../lib`; this crate only converts, calls and converts. Plain data crosses
//! as JSON text, so that core's own serde forms and messages are the only source of truth.

#![expect(clippy::needless_pass_by_value, reason = "the bridge hands over values, never references")]

mod agent;
mod approval;
mod assistant;
mod cache;
mod callback;
mod convert;
/// Where models compute.
pub mod device;
mod embedder;
/// Errors on their way to JavaScript.
pub mod error;
mod function;
/// Named models.
pub mod hub;
mod llm;
mod mcp;
mod metrics;
mod own;
/// Models in fewer bits.
pub mod quantize;
mod registry;
mod reranker;
mod retrieval;
mod retriever;
mod router;
mod runtime;
mod serve;
mod session;
mod slo;
mod spec;
mod stream;
mod tool;
