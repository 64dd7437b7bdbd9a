//! Ours and our peers' libraries for vectors, words, sentence encoders and documents, asked as all engines are.

mod documents;
mod encoder;
mod ours;
mod peer;
mod request;
mod vectors;
mod words;

pub(super) use ours::Ours;
pub(crate) use ours::launch;
pub(crate) use peer::{Peer, Task, exact, install};
pub(crate) use request::{Index, Reply, Request, Rows};
