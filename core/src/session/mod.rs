//! What was said before.

mod memory;
mod shared;

use std::fmt::Debug;

use async_trait::async_trait;

pub use memory::{MemorySessions, MemorySessionsOptions};

use crate::Result;
use crate::message::Message;

/// Conversations by session id.
///
/// # Behaviour
///
/// - [`load`](SessionStore::load) gives the messages oldest first; an unknown id gives none.
/// - [`append`](SessionStore::append) adds all of `messages` or none, after those of earlier calls; an empty
///   list changes nothing.
/// - [`forget`](SessionStore::forget) of an unknown id does nothing.
/// - Sessions never see each other's messages.
#[async_trait]
pub trait SessionStore: Debug + Send + Sync + 'static {
    /// The conversation so far.
    async fn load(&self, session: &str) -> Result<Vec<Message>>;

    /// Adds messages at the end.
    async fn append(&self, session: &str, messages: Vec<Message>) -> Result<()>;

    /// Removes the conversation.
    async fn forget(&self, session: &str) -> Result<()>;
}
