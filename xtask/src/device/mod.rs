//! Checks a device: builds with its feature, runs the tests on it, measures a large model there, and compares.

mod build;
mod large;
mod options;
mod synthetic;
mod toolkit;

pub(crate) use large::{Options as LargeOptions, run as run_large};
pub(crate) use options::{Options, run};
