//! Engines that run models, ours and our peers', each in a process of its own that is asked in JSON lines.
//!
//! A process loads one model and takes requests until its input ends, so that load time and peak memory belong to
//! one engine alone, while whoever measures asks all of them in turn.

pub(crate) mod agent;
mod build;
mod install;
mod ours;
mod peer;
mod process;
mod request;
pub(crate) mod retrieval;
mod serve;
mod session;
mod turn;

pub(crate) use build::{Build, Gpu, Level};
pub(crate) use install::{REFERENCE, install, reference};
pub(crate) use ours::{FREE_CALLS, OURS, free_calls, likeliest, one_by_one, release};
pub(crate) use peer::Peer;
pub(crate) use process::{Answered, Engine, Launch};
pub(crate) use request::{Call, Reply, Request, Sums};
pub(crate) use serve::{Options, serve};
pub(crate) use turn::Turn;
