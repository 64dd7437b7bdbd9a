use std::sync::Arc;

use async_trait::async_trait;

use super::SessionStore;
use crate::Result;
use crate::message::Message;

#[async_trait]
#[deny(clippy::missing_trait_methods)]
impl<S: SessionStore + ?Sized> SessionStore for Arc<S> {
    async fn load(&self, session: &str) -> Result<Vec<Message>> {
        (**self).load(session).await
    }

    async fn append(&self, session: &str, messages: Vec<Message>) -> Result<()> {
        (**self).append(session, messages).await
    }

    async fn forget(&self, session: &str) -> Result<()> {
        (**self).forget(session).await
    }
}
