//! Conformance suites, one for each contract, and the fakes that the tests share.

#![expect(clippy::missing_panics_doc, reason = "a suite says by a panic what does not hold")]
#![expect(clippy::unwrap_used, reason = "this member is made of tests")]

pub mod conformance;
pub mod support;
