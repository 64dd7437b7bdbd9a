//! Checks everything: sets up what it needs, runs each step, and counts.

mod example;
mod mcp;
mod node;
mod options;
mod place;
mod postgres;
mod python;
mod rust;
mod step;

pub(crate) use options::{Options, run};
pub(crate) use step::names;
