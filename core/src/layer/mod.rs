//! What wraps any part of an agent and is a part of the same kind.

mod difference;
mod entry;
mod failure;
mod journal;
mod recorded;
mod replay;

pub(crate) use entry::json as value_of;
pub(crate) use journal::{Journal, Pending};
pub(crate) use recorded::Recorded;
pub use replay::Replay;
