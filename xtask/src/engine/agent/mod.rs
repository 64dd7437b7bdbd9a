//! Our agent and those of our peers over scripted models, asked as all engines are.

mod host;
mod ours;
mod request;

pub(crate) use host::{Host, Peer};
pub(super) use ours::Ours;
pub(crate) use request::{Reply, Request};
