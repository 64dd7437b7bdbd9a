//! Who conducts the work: one question, through memory, cache, documents, model and tools, to an answer.

mod ask;
mod assistant;
mod budget;
mod builder;
mod cached;
mod citation;
mod context;
mod emitter;
mod event;
mod hand_off;
mod history;
mod pending;
mod prompt;
mod recording;
mod request;
mod route;
mod router;
mod run;
mod shared;
mod spec;
mod tool;
mod turn;

use std::fmt::Debug;

use async_trait::async_trait;
use futures::stream::BoxStream;

pub use ask::{AgentExt, BATCH_CONCURRENCY};
pub use assistant::Assistant;
pub use budget::Limits;
pub use builder::AssistantBuilder;
pub use citation::{Citation, CitationOrigin, Citing};
pub use event::{Answer, Event};
pub use pending::PendingRun;
pub use request::Request;
pub use route::{Route, RoutedBy, Rule};
pub use router::{Router, RouterBuilder};
#[cfg(feature = "remote")]
pub use spec::RemoteModel;
pub use spec::{AgentProfile, AgentSpec};
pub use tool::AgentTool;

use crate::Result;

/// The events of one run, in order; the last is [`Event::Done`] unless the stream ends with an error.
pub type EventStream = BoxStream<'static, Result<Event>>;

/// Whoever answers a request.
///
/// # Behaviour
///
/// - [`run`](Agent::run) refuses an invalid request before any work; later errors are the last item of the stream.
/// - The stream ends with one [`Event::Done`] whose answer is the fold of the events before it.
/// - A run whose stream is dropped before `Done` leaves session and cache as they were.
///
/// # Cancellation
///
/// Dropping the stream stops everything that works for it: generation within one forward pass, tools, retrieval.
#[async_trait]
pub trait Agent: Debug + Send + Sync + 'static {
    /// Starts a run.
    async fn run(&self, request: Request) -> Result<EventStream>;
}
