use std::future::ready;

use async_trait::async_trait;
use futures::stream::{self, BoxStream};
use futures::{StreamExt, TryStreamExt};
use schemars::JsonSchema;
use serde::de::DeserializeOwned;
use serde_json::Value;

use super::{Agent, Answer, Event, Request};
use crate::schema::{PATTERNS_OF_ANSWERS, ValueSchema, schema_of};
use crate::{Error, Result};

/// How many requests of a [batch](AgentExt::ask_batch) are worked on at the same time where nobody says how many.
pub const BATCH_CONCURRENCY: usize = 10;

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

    /// The answers to several requests, in their order; at most `concurrency` of them, [`BATCH_CONCURRENCY`] by custom, are
    /// worked on at the same time. A request that fails does not stop the others: its place holds its error.
    ///
    /// A model answers as many of them at once as it can; more only wait in its queue, which may be full.
    ///
    /// ```
    /// # use rushlight::llm::ScriptedTurn;
    /// # use rushlight::{AgentExt, Assistant, ScriptedLlm};
    /// # #[tokio::main] async fn main() -> rushlight::Result<()> {
    /// # let llm = ScriptedLlm::new(vec![ScriptedTurn::text("Paris."), ScriptedTurn::text("Rome.")]);
    /// # let assistant = Assistant::builder(llm).build()?;
    /// let questions = ["Capital of France?", "Capital of Italy?"];
    /// let answers = assistant.ask_batch(questions.map(Into::into).into(), 4).await?;
    /// assert_eq!(answers[1].as_ref().unwrap().text, "Rome.");
    /// # Ok(()) }
    /// ```
    ///
    /// # Errors
    ///
    /// [`Error::Invalid`] for a concurrency of 0.
    ///
    /// # Cancellation
    ///
    /// Dropping the future stops all runs.
    async fn ask_batch(&self, requests: Vec<Request>, concurrency: usize) -> Result<Vec<Result<Answer>>> {
        if concurrency == 0 {
            return Err(Error::invalid("concurrency", "expected at least 1, got 0"));
        }
        let numbered = stream::iter(requests.into_iter().enumerate());
        let ended = numbered.map(async |(number, request)| (number, self.ask(request).await));
        let mut answers: Vec<_> = ended.buffer_unordered(concurrency).collect().await;
        answers.sort_unstable_by_key(|(number, _)| *number);
        Ok(answers.into_iter().map(|(_, answer)| answer).collect())
    }

    /// The answer to `request` as a value: JSON that fits the schema of `T`.
    ///
    /// A [`LocalLlm`](crate::LocalLlm) can write nothing else; of every model the answer is validated.
    ///
    /// ```
    /// use rushlight::{AgentExt, Assistant, ScriptedLlm};
    /// use rushlight::llm::ScriptedTurn;
    /// use schemars::JsonSchema;
    /// use serde::Deserialize;
    ///
    /// #[derive(Deserialize, JsonSchema)]
    /// struct Review {
    ///     stars: u8,
    /// }
    ///
    /// # #[tokio::main] async fn main() -> rushlight::Result<()> {
    /// let llm = ScriptedLlm::new(vec![ScriptedTurn::text(r#"{"stars": 4}"#)]);
    /// let assistant = Assistant::builder(llm).build()?;
    ///
    /// let review: Review = assistant.extract("How was it?").await?;
    /// assert_eq!(review.stars, 4);
    /// # Ok(()) }
    /// ```
    ///
    /// # Errors
    ///
    /// [`Error::Model`] for an answer that does not fit, with its place and the rule that it breaks, and those of the run.
    async fn extract<T: DeserializeOwned + JsonSchema>(
        &self,
        request: impl Into<Request> + Send,
    ) -> Result<T> {
        let value = self.extract_json(request, schema_of::<T>()).await?;
        serde_json::from_value(value).map_err(|error| unfit(&error.to_string()))
    }

    /// The same for a schema of the caller's own, which comes in place of the request's.
    ///
    /// # Errors
    ///
    /// [`Error::Invalid`] for a schema that is none, has more than 64 KiB or more than 32 levels; and those of
    /// [`extract`](Self::extract).
    async fn extract_json(&self, request: impl Into<Request> + Send, schema: Value) -> Result<Value> {
        let expected = ValueSchema::compile("schema", &schema, PATTERNS_OF_ANSWERS)?;
        let request = request.into().schema(schema);
        // An agent of the caller's own may not have looked at it.
        let answer = self.ask(request).await?;
        if let Some(pending) = &answer.pending {
            let names: Vec<&str> = pending.calls.iter().map(|call| call.name.as_str()).collect();
            return Err(unfit(&format!("the run waits for the approval of `{}`", names.join("`, `"))));
        }
        expected.read(&answer.text).map_err(|mistake| unfit(&mistake))
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

fn unfit(mistake: &str) -> Error {
    let source = format!("its answer does not fit the schema: {mistake}").into();
    Error::Foreign { what: "the agent".to_owned(), source }
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
