//! How well a model calls tools: held to a grammar, on its own, and beside llama.cpp.

mod api_bank;
mod bfcl;
mod case;
mod check;
mod dialect;
mod run;
mod score;
mod seal_tools;
mod when2call;

pub(super) use run::run;
