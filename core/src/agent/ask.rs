use async_trait::async_trait;
use futures::stream::BoxStream;
use futures::{StreamExt, TryStreamExt};

use super::{Agent, Answer, Event, Request};
use crate::{Error, Result};

/// Comfort over any [`Agent`].
#[async_trait]
pub trait AgentExt: Agent {
    /// The answer to `request`, after the whole run: the one that [`Event::Done`] carries.
    async fn ask(&self, request: impl Into<Request> + Send) -> Result<Answer> {
        let mut events = self.run(request.into()).await?;
        while let Some(event) = events.try_next().await? {
            if let Event::Done(answer) = event {
                return Ok(*answer);
            }
        }
        Err(Error::Stopped { what: "the run" })
    }

    /// Only the text of the answer, piece by piece. Dropping the stream stops the run.
    async fn stream_text(
        &self,
        request: impl Into<Request> + Send,
    ) -> Result<BoxStream<'static, Result<String>>> {
        let events = self.run(request.into()).await?;
        let texts = events.try_filter_map(async |event| match event {
            Event::Text { text } => Ok(Some(text)),
            _ => Ok(None),
        });
        Ok(texts.boxed())
    }
}

impl<A: Agent + ?Sized> AgentExt for A {}
