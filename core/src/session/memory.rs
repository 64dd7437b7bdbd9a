use std::collections::HashMap;
use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use async_trait::async_trait;
use serde::{Deserialize, Serialize};
use tokio::time::Instant;

use super::SessionStore;
use crate::message::Message;
use crate::setters::setters;
use crate::{Result, duration};

/// Bounds of [`MemorySessions`].
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
#[non_exhaustive]
pub struct MemorySessionsOptions {
    /// Sessions that are kept; the one unused for longest goes first. Default 10 000.
    pub max_sessions: usize,
    /// A session is gone when it was neither loaded nor appended to for this long. Default 1 hour.
    #[serde(with = "duration")]
    pub idle: Duration,
}

setters!(MemorySessionsOptions { max_sessions: usize, idle: Duration });

impl Default for MemorySessionsOptions {
    fn default() -> Self {
        Self { max_sessions: 10_000, idle: Duration::from_hours(1) }
    }
}

/// Conversations in this process's memory. Copies of the handle share them.
#[derive(Clone)]
pub struct MemorySessions {
    options: MemorySessionsOptions,
    sessions: Arc<Mutex<HashMap<String, Session>>>,
}

struct Session {
    messages: Vec<Message>,
    used: Instant,
}

impl MemorySessions {
    /// A store with the default bounds.
    pub fn new() -> Self {
        Self::with_options(MemorySessionsOptions::default())
    }

    /// A store with these bounds.
    pub fn with_options(options: MemorySessionsOptions) -> Self {
        Self { options, sessions: Arc::default() }
    }

    /// The number of sessions that are kept now.
    pub fn len(&self) -> usize {
        let mut sessions = self.held();
        self.sweep(&mut sessions);
        sessions.len()
    }

    /// Whether no session is kept now.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    fn held(&self) -> MutexGuard<'_, HashMap<String, Session>> {
        self.sessions.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn is_over(&self, session: &Session, now: Instant) -> bool {
        now.saturating_duration_since(session.used) >= self.options.idle
    }

    fn sweep(&self, sessions: &mut HashMap<String, Session>) {
        let now = Instant::now();
        sessions.retain(|_, session| !self.is_over(session, now));
    }
}

impl Default for MemorySessions {
    fn default() -> Self {
        Self::new()
    }
}

impl fmt::Debug for MemorySessions {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("MemorySessions").field("sessions", &self.len()).finish_non_exhaustive()
    }
}

#[async_trait]
impl SessionStore for MemorySessions {
    async fn load(&self, session: &str) -> Result<Vec<Message>> {
        let now = Instant::now();
        let mut sessions = self.held();
        match sessions.get_mut(session) {
            Some(known) if self.is_over(known, now) => {
                sessions.remove(session);
                Ok(Vec::new())
            }
            Some(known) => {
                known.used = now;
                Ok(known.messages.clone())
            }
            None => Ok(Vec::new()),
        }
    }

    async fn append(&self, session: &str, messages: Vec<Message>) -> Result<()> {
        if messages.is_empty() {
            return Ok(());
        }
        let used = Instant::now();
        let mut sessions = self.held();
        match sessions.get_mut(session) {
            Some(known) if !self.is_over(known, used) => {
                known.messages.extend(messages);
                known.used = used;
            }
            _ => {
                sessions.insert(session.to_owned(), Session { messages, used });
                self.sweep(&mut sessions);
            }
        }
        while sessions.len() > self.options.max_sessions {
            let unused = sessions.iter().min_by_key(|(_, session)| session.used).map(|(id, _)| id.clone());
            if let Some(id) = unused {
                sessions.remove(&id);
            }
        }
        Ok(())
    }

    async fn forget(&self, session: &str) -> Result<()> {
        self.held().remove(session);
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn store(max_sessions: usize, idle: Duration) -> MemorySessions {
        MemorySessions::with_options(MemorySessionsOptions { max_sessions, idle })
    }

    #[tokio::test(start_paused = true)]
    async fn a_session_is_gone_after_an_hour_without_use() {
        let sessions = MemorySessions::new();
        sessions.append("s", vec![Message::user("hello")]).await.unwrap();

        tokio::time::advance(Duration::from_secs(3599)).await;
        assert_eq!(sessions.load("s").await.unwrap().len(), 1, "and loading it is a use");
        tokio::time::advance(Duration::from_secs(3599)).await;
        assert_eq!(sessions.load("s").await.unwrap().len(), 1);
        tokio::time::advance(Duration::from_hours(1)).await;

        assert!(sessions.load("s").await.unwrap().is_empty());
        assert!(sessions.is_empty());
    }

    #[tokio::test(start_paused = true)]
    async fn the_session_unused_for_longest_makes_room() {
        let sessions = store(2, Duration::from_mins(1));
        for id in ["first", "second"] {
            sessions.append(id, vec![Message::user(id)]).await.unwrap();
            tokio::time::advance(Duration::from_secs(1)).await;
        }
        sessions.load("first").await.unwrap();
        tokio::time::advance(Duration::from_secs(1)).await;

        sessions.append("third", vec![Message::user("third")]).await.unwrap();

        assert_eq!(sessions.len(), 2);
        assert!(sessions.load("second").await.unwrap().is_empty());
        assert_eq!(sessions.load("first").await.unwrap().len(), 1);
    }
}
