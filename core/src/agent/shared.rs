use std::sync::Arc;

use async_trait::async_trait;

use super::{Agent, EventStream, Request};
use crate::Result;

#[async_trait]
#[deny(clippy::missing_trait_methods)]
impl<T: Agent + ?Sized> Agent for Arc<T> {
    async fn run(&self, request: Request) -> Result<EventStream> {
        (**self).run(request).await
    }
}
