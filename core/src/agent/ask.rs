use std::future::ready;

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

    /// Only the text of the run, piece by piece: that of every turn, with a blank line between turns. What comes
    /// after the last blank line of that kind is [`Answer::text`]. Dropping the stream stops the run.
    async fn stream_text(
        &self,
        request: impl Into<Request> + Send,
    ) -> Result<BoxStream<'static, Result<String>>> {
        let events = self.run(request.into()).await?;
        let mut turns = Turns::default();
        Ok(events.try_filter_map(move |event| ready(Ok(turns.piece(event)))).boxed())
    }
}

/// Where a reader of the text is.
#[derive(Debug, Default)]
struct Turns {
    has_text: bool,
    is_between: bool,
}

impl Turns {
    /// The text of an event, behind a blank line if it is the first of a turn that follows other text.
    fn piece(&mut self, event: Event) -> Option<String> {
        match event {
            Event::Text { text } => {
                let gap = if self.has_text && self.is_between { "\n\n" } else { "" };
                *self = Self { has_text: true, is_between: false };
                Some(format!("{gap}{text}"))
            }
            Event::ToolOutput(_) => {
                self.is_between = true;
                None
            }
            _ => None,
        }
    }
}

impl<A: Agent + ?Sized> AgentExt for A {}
