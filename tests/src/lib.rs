//! Conformance suites, one for each contract, and the fakes that the tests share.

#![expect(clippy::missing_panics_doc, reason = "a suite says by a panic what does not hold")]
#![expect(clippy::unused_async, reason = "a suite awaits each of its tests")]
#![expect(clippy::unwrap_used, reason = "this member is made of tests")]

pub mod conformance;
pub mod support;
