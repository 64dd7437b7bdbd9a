//! Source code, cut at its definitions.

mod definitions;
mod language;
mod outline;

pub(super) use language::Language;
pub(super) use outline::outline;
